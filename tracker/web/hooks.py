"""Where Amazon SNS POSTs what became of mails by SES: on only where channels.ses_topics lists a topic."""

import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from tracker.collaborators import Tracker
from tracker.web.forms import body_of

if TYPE_CHECKING:
    from tracker.delivery.intake import Intake

log = logging.getLogger(__name__)
# A message of SNS has 256 KiB, and each quotation mark of it a backslash:
# https://docs.aws.amazon.com/sns/latest/dg/sns-publishing.html
_LARGEST = 600_000  # bytes
_CERTIFICATES = 8  # that are remembered: AWS has one a region and changes it once a year


def add_hooks(app: FastAPI, tracker: Tracker, intake: "Callable[[], Intake] | None") -> None:
    """POST /hooks/sns: a message as SNS sends it, with AWS's signature verified. Without `intake` there is no such page."""
    if intake is None:
        return
    turn = Lock()  # one at a time: a flood of forged ones takes one thread and one connection to AWS
    remember = _Remembered()

    def take(raw: bytes) -> None:
        with turn:
            found = intake()
            taken = replace(found, fetch=remember.of(found.fetch)).take(raw, tracker.clock())
        if taken.confirmed:
            log.info("listening to %s from now on", taken.confirmed)
        log.info("a report came in", extra={"counted": taken.counted, "bounced": taken.bounced})

    @app.post("/hooks/sns", include_in_schema=False)
    async def sns(request: Request) -> Response:
        raw = await body_of(request, _LARGEST)
        if not raw.lstrip().startswith(b"{"):  # a mail is taken in by the command alone
            raise HTTPException(400)
        await run_in_threadpool(take, raw)
        return Response(status_code=204, headers={"cache-control": "no-store"})


class _Remembered:
    """The certificates that were fetched; anything else is fetched each time."""

    def __init__(self) -> None:
        self._found: dict[str, bytes] = {}

    def of(self, fetch: Callable[[str], bytes]) -> Callable[[str], bytes]:
        """The same, asking for a certificate once."""

        def remembered(url: str) -> bytes:
            if url in self._found:
                return self._found[url]
            told = fetch(url)
            if url.endswith(".pem"):
                while len(self._found) >= _CERTIFICATES:
                    del self._found[next(iter(self._found))]
                self._found[url] = told
            return told

        return remembered
