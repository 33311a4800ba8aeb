"""Sends what the pages queued at once, beside the answers: nobody waits for the daemon's next minute to confirm."""

import logging
from threading import Lock, Thread

from tracker.collaborators import Tracker
from tracker.errors import TrackerError

log = logging.getLogger(__name__)


class Postman:
    """One delivery at a time, in a thread of its own: a mail server that is slow to answer holds up no reader.

    What can't be sent now waits in the outbox, as everything does.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._lock = Lock()
        self._asked = False
        self._thread: Thread | None = None

    def wake(self) -> None:
        """Deliver what is due; where that is being done, look again after it."""
        with self._lock:
            self._asked = True
            if self._thread is None:
                self._thread = Thread(target=self._work, name="postman", daemon=True)
                self._thread.start()

    def wait(self, most_s: float) -> None:
        """Wait until nothing is being sent, for so many seconds at most."""
        thread = self._thread
        if thread is not None:
            thread.join(most_s)

    def _work(self) -> None:
        while self._again():
            try:
                self._deliver()
            except TrackerError as error:
                log.warning("mail waits: %s", error)
            except Exception:
                log.exception("an unexpected error, and our own fault; mail waits")

    def _again(self) -> bool:
        with self._lock:
            asked, self._asked = self._asked, False
            if not asked:
                self._thread = None
            return asked

    def _deliver(self) -> None:
        from tracker.service import deliver

        done = deliver(self._tracker)
        if done.stopped is not None:
            log.warning("mail waits: %s", done.stopped)
