"""/healthz and /readyz: for machines. The first says that the process answers, the second that it can read its tracker."""

from fastapi import FastAPI, Response
from starlette.concurrency import run_in_threadpool

from tracker.archive.browsing import Browsing
from tracker.collaborators import Tracker
from tracker.errors import TrackerError


def add_health(app: FastAPI, tracker: Tracker) -> None:
    """The two routes. Neither says anything that a stranger should not know."""

    @app.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
    async def healthz() -> Response:
        return _plain(200, "ok")

    @app.api_route("/readyz", methods=["GET", "HEAD"], include_in_schema=False)
    async def readyz() -> Response:
        try:
            await run_in_threadpool(Browsing(tracker.database).count, "policies")
        except TrackerError:
            return _plain(503, "the tracker can't be read; the log says why")
        return _plain(200, "ready")


def _plain(status: int, text: str) -> Response:
    return Response(text + "\n", status, {"cache-control": "no-store"}, "text/plain; charset=utf-8")
