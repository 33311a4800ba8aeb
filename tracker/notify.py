"""What systemd is told: READY, STATUS, WATCHDOG and STOPPING, by the protocol of sd_notify(3). Without systemd it is nothing.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html: datagrams to the socket that NOTIFY_SOCKET names.
"""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notify:
    """Tells the supervisor how it goes. Nothing here ever fails: a supervisor that can't be told is no reason to end."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._every_s = _watchdog_s(environ)

    def ready(self, status: str) -> None:
        """The work has begun."""
        self._tell("READY=1", f"STATUS={_line(status)}")

    def status(self, said: str) -> None:
        """One line that `systemctl status` shows."""
        self._tell(f"STATUS={_line(said)}")

    def alive(self) -> None:
        """The main loop went round, where a watchdog asks for it."""
        if self._every_s is not None:
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """What is in hand is being finished."""
        self._tell("STOPPING=1", "STATUS=finishing what is in hand")

    def wait_s(self, at_most: float) -> float:
        """How long the main loop may sleep, in seconds: half of what the watchdog allows, as sd_watchdog_enabled(3) advises."""
        return at_most if self._every_s is None else min(at_most, self._every_s / 2)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.settimeout(1)
                line.connect(self._address)
                line.sendall("\n".join(lines).encode("utf-8", "replace"))
        except OSError as error:
            log.debug("the supervisor could not be told: %s", error)


def _address(text: str) -> str:
    """A path, or a name in Linux's abstract namespace; anything else (vsock) is not spoken here."""
    if text.startswith("@"):
        return f"\0{text[1:]}"
    return text if text.startswith("/") else ""


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Seconds, where WATCHDOG_USEC asks this very process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    text = environ.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isascii() and text.isdigit() and int(text) > 0 else None


def _line(said: str) -> str:
    return " ".join(said.split())
