"""Apache with mod_oauth2. Its event worker is a process with a pool of threads, so "one worker" is one such process.

mod_oauth2 keeps 1,000 verified tokens in shared memory by default, the oldest going first; it is left at that.
"""

import os
import pathlib

from .. import tokens
from ..programs import program, said_by
from .peer import Peer

MODULES = pathlib.Path("/usr/lib/apache2/modules")
LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")
THREADS = 72

CONFIG = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
LogLevel crit
Listen 127.0.0.1:{port}
{modules}
{user}
StartServers {workers}
ServerLimit {workers}
ThreadLimit {threads}
ThreadsPerChild {threads}
MinSpareThreads {threads}
MaxSpareThreads {all_threads}
MaxRequestWorkers {all_threads}
AsyncRequestWorkerFactor 128
KeepAlive On
KeepAliveTimeout 3600
MaxKeepAliveRequests 0
Timeout 3600
ProxyPass / http://127.0.0.1:{upstream}/ keepalive=On connectiontimeout=5
OAuth2TargetPass headers=Off&envvars=On
<Location /v2/>
    AuthType oauth2
    OAuth2TokenVerify jwks_uri http://127.0.0.1:{upstream}/keys verify.iss=skip&verify.exp=required
    Require all denied
</Location>
{locations}
"""

# oauth2_claim compares a claim as a whole, so what looks for one scope among several is an expression. Apache asks once
# before there is a user, too, and must then be told that a user may change the answer: that is the first half.
LOCATION = """
<Location /v2/{name}/>
    AuthzSendForbiddenOnFailure On
    <RequireAll>
        Require method {method}
        Require oauth2_claim iss:{issuer}
        Require oauth2_claim aud:{audience}
        Require expr "-z reqenv('OAUTH2_CLAIM_sub') || reqenv('OAUTH2_CLAIM_scope') =~ m#(^| ){scope}( |$)#"
    </RequireAll>
</Location>
"""


class Apache(Peer):
    name = "Apache"
    packages = "apache2, libapache2-mod-oauth2 (Debian)"

    def missing(self):
        if not program("apache2"):
            return "apache2"
        return None if (MODULES / "mod_oauth2.so").exists() else "libapache2-mod-oauth2"

    def version(self):
        return said_by([program("apache2"), "-v"]).split("Apache/")[1].split()[0]

    def files(self):
        own = [LIBRARIES / name for name in ("liboauth2.so.0", "liboauth2_apache.so.0", "libcjose.so.0")]
        modules = [MODULES / f"mod_{name}.so" for name in module_names()]
        return [program("apache2"), *modules, *(file for file in own if file.exists())]

    def prepare(self, site, setup, folder, port):
        locations = "".join(
            LOCATION.format(name=name, method=method, scope=scope, issuer=tokens.ISSUER, audience=tokens.AUDIENCE)
            for name, method, scope in (("users", "GET", "profile:read"), ("reports", "GET", "report:read"),
                                        ("uploads", "POST", "profile:create"))
        )
        (folder / "apache.conf").write_text(CONFIG.format(
            folder=folder, port=port, upstream=site.upstream, locations=locations, workers=setup.workers,
            threads=THREADS, all_threads=THREADS * setup.workers,
            user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in module_names()),
        ))
        return [program("apache2"), "-f", str(folder / "apache.conf"), "-D", "FOREGROUND"]


def module_names():
    return ["mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "oauth2"]
