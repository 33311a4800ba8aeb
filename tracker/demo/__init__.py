"""The demo: the whole product against an embedded AWS and a local mail sink, no account needed (extra `demo`)."""

from importlib.util import find_spec

EXTRA = ("aiosmtpd", "flask", "flask_cors", "moto", "time_machine")


def missing() -> tuple[str, ...]:
    """Which packages of the extra `demo` are not installed here, by their names on a package index."""
    return tuple(name.replace("_", "-") for name in EXTRA if find_spec(name) is None)
