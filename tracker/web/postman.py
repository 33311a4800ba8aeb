"""Sends what the pages queued at once, beside the answer: nobody waits for the daemon's next minute to confirm."""

import logging
from threading import Event, Lock

from tracker.collaborators import Tracker
from tracker.errors import TrackerError

log = logging.getLogger(__name__)


class Postman:
    """One delivery at a time. What can't be sent now waits in the outbox, as everything does."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._busy = Lock()
        self._asked = Event()

    def send(self) -> None:
        """Deliver what is due; where another thread is at it, have it look again."""
        from tracker.service import deliver

        self._asked.set()
        while self._asked.is_set() and self._busy.acquire(blocking=False):
            try:
                self._asked.clear()
                done = deliver(self._tracker)
                if done.stopped is not None:
                    log.warning("mail waits: %s", done.stopped)
            except TrackerError as error:
                log.warning("mail waits: %s", error)
            finally:
                self._busy.release()
