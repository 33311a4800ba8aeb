"""The dead man's switch: a service outside is told of each round, and raises the alarm where it hears nothing.

https://healthchecks.io/docs/http_api/: `/start`, the address itself for success, `/<exit code>` for failure. Whatever
becomes of a ping, the round goes on.
"""

import logging

from tracker.delivery.channels.outgoing import Outgoing, host_of
from tracker.errors import TrackerError

log = logging.getLogger(__name__)


class Ping:
    """Tells one address, which is a secret, how a round went. An empty one tells nobody."""

    def __init__(self, url: str, outgoing: Outgoing) -> None:
        self._url, self._outgoing = url.rstrip("/"), outgoing

    def start(self) -> None:
        """A round begins."""
        self._tell("/start")

    def end(self, exit_code: int) -> None:
        """A round has ended; 0 is success, on 'nothing changed' too."""
        self._tell("" if exit_code == 0 else f"/{exit_code}")

    def _tell(self, suffix: str) -> None:
        if not self._url:
            return
        path, mark, query = self._url.partition("?")
        try:
            reply = self._outgoing.get(f"{path}{suffix}{mark}{query}")
        except TrackerError as error:
            log.warning("the dead man's switch was not reached: %s", error)
        except Exception as error:  # a ping must not end a round
            log.warning("the dead man's switch was not reached: %s", type(error).__name__)
        else:
            if reply.status >= 300:
                log.warning("the dead man's switch at %s answered %s", host_of(self._url), reply.status)
