# shellcheck shell=bash
# For the scripts whose tests start programs of other makers: the Python that has what they need, and a folder that is
# cleaned up, with every process that was noted there. Sourced after setup.sh.

# The environment that .ci/run makes serves here, too. Sets `python`.
# shellcheck disable=SC2034 # for who sources this
find_python() {
    local candidate
    python=
    for candidate in python3 .build/ci/python/bin/python3; do
        if "$candidate" - <<'END' 2>/dev/null; then python=$candidate && return; fi
import importlib.metadata, pathlib
for line in pathlib.Path(".ci/requirements.txt").read_text().split():
    name, _, wanted = line.partition("==")
    assert importlib.metadata.version(name) == wanted
END
    done
    fail "no Python has what .ci/requirements.txt lists; pip install -r .ci/requirements.txt"
}

# Whatever is noted there was started by the tests and has not ended. SIGTERM first: nginx ends its workers then.
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    local note left try
    if [ -n "${tests:-}" ]; then
        kill -TERM "$tests" 2>/dev/null || true
        wait "$tests" || true
    fi
    for try in {1..50}; do
        left=
        for note in "$folder"/pids/*; do
            if [ -e "$note" ] && kill "-$([ "$try" -lt 50 ] && echo TERM || echo KILL)" "${note##*/}" 2>/dev/null; then
                left=yes
            fi
        done
        [ -n "$left" ] || break
        sleep 0.1
    done
    rm -rf "$folder"
}

# in_a_folder COMMAND...: runs it with E2E_FOLDER, ends whatever it leaves behind, and returns its status.
in_a_folder() {
    local status=0
    folder=$(mktemp -d "${TMPDIR:-/tmp}/scopeproxy-e2e-XXXXXX")
    # nginx drops its privileges and still has to get at its files.
    chmod 755 "$folder"
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    E2E_FOLDER=$folder PYTHONDONTWRITEBYTECODE=1 "$@" &
    tests=$!
    wait "$tests" || status=$?
    tests=
    return "$status"
}
