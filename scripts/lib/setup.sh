# shellcheck shell=sh
# What the scripts share: finding, and where that is possible installing, what a build needs. Sourced, not run.

say() { printf '%s\n' "scopeproxy: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

# A Swift toolchain cannot be installed on somebody's behalf: there are too many ways to have one.
need_swift() {
    command -v swift >/dev/null 2>&1 && return
    fail "the Swift toolchain (6.2 or newer) is not on the PATH; https://www.swift.org/install/ tells how to get it"
}

# OpenSSL 3 with its headers is the only library that we build against.
need_openssl() {
    has_openssl && return
    if command -v apt-get >/dev/null 2>&1; then
        install_packages libssl-dev
        has_openssl || fail "the headers of OpenSSL 3 are still not found after installing libssl-dev"
    elif command -v dnf >/dev/null 2>&1; then
        fail "the headers of OpenSSL 3 are missing: dnf install openssl-devel libstdc++-static"
    elif command -v zypper >/dev/null 2>&1; then
        fail "the headers of OpenSSL 3 are missing: zypper install libopenssl-3-devel"
    elif command -v pacman >/dev/null 2>&1; then
        fail "the headers of OpenSSL 3 are missing: pacman -S openssl"
    else
        fail "the headers of OpenSSL 3 are missing: install your system's development package of OpenSSL"
    fi
}

has_openssl() {
    compiler=$(command -v clang || command -v cc) || return 1
    printf '%s\n' '#include <openssl/ssl.h>' '#if OPENSSL_VERSION_MAJOR < 3' '#error too old' '#endif' |
        "$compiler" -fsyntax-only -x c - 2>/dev/null
}

# install_packages NAME...: Debian packages, as root or through sudo.
install_packages() {
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "as root, please: apt-get install $*"
        # Without a terminal nobody can type a password, and waiting for one would hang.
        if [ -t 0 ]; then as_root=sudo; else as_root='sudo -n'; fi
    fi
    say "installing $* with ${as_root:+$as_root }apt-get"
    # The package lists are fetched only when the lists at hand, if any, do not do.
    apt_install "$@" || { $as_root apt-get -qq update >&2 && apt_install "$@"; } || fail "could not install: $*"
}

apt_install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" >&2
}
