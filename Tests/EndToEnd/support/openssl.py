"""The openssl command as a caller."""

from support import processes


def s_client(port, *arguments, text="", **options):
    """What `openssl s_client` tells and gets; its connection ends when the proxy ends it."""
    command = [processes.program("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *arguments]
    return processes.run(command, input=text, **options)
