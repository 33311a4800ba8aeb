"""The server: FastAPI around Pages and the API. It checks what comes in, and says how what goes out may be kept."""

import logging

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from tracker.collaborators import Tracker
from tracker.errors import (
    InputError,
    RefusedError,
    SetupError,
    TrackerError,
    TryLaterError,
    UnknownPolicyError,
)
from tracker.web import problems
from tracker.web.api import add_api
from tracker.web.doors import Doors
from tracker.web.guard import LONGEST_QUERY_S, Guard
from tracker.web.headers import SAFE, place_of
from tracker.web.health import add_health
from tracker.web.hooks import add_hooks
from tracker.web.metrics import add_metrics
from tracker.web.operating import add_operating
from tracker.web.page import MissingPageError
from tracker.web.pages import Pages
from tracker.web.sending import send
from tracker.web.signing import add_signing
from tracker.web.subscribing import add_subscribing

log = logging.getLogger(__name__)
_LONGEST_VALUE = 400
READING = Doors()


def make_app(
    tracker: Tracker,
    *,
    hosts: tuple[str, ...] = (),
    doors: Doors = READING,
    query_s: float = LONGEST_QUERY_S,
) -> FastAPI:
    """The application on one tracker.

    `hosts`: the names it is reached by; none: this machine's own alone. `doors`: what is open beside reading.
    `query_s`: seconds that the index may be read for one page.
    """
    from importlib.metadata import version

    app = FastAPI(
        title="policy-tracker",
        version=version("policy-tracker"),
        summary="What AWS managed policies allow, since when, and what changed.",
        description="Reading only. Errors are problem details (RFC 9457). Every answer has an ETag and answers 304.",
        openapi_url=None,  # a route of our own, with a tag and gzip: api.py
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    pages = Pages(tracker)
    pages.acting = doors.admin is not None
    app.state.pages = pages

    app.add_middleware(Guard, pages=pages, hosts=hosts, query_s=query_s)
    _add_faults(app, pages)
    problems.on_validation(app)
    add_health(app, tracker)
    add_metrics(app, tracker)
    add_api(app, pages)
    add_operating(app, tracker, doors.admin)
    add_signing(app, pages, doors.admin)
    add_hooks(app, tracker, doors.intake)
    add_subscribing(app, pages, doors)

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def any_page(request: Request, path: str) -> Response:
        query = {name: value[:_LONGEST_VALUE] for name, value in request.query_params.items()}
        wanted = f"{path}index.html" if not path or path.endswith("/") else path
        return await run_in_threadpool(lambda: send(request, pages.page(wanted, query)))

    return app


def _add_faults(app: FastAPI, pages: Pages) -> None:
    """What goes wrong, as answers. Never a traceback, and never more than a reader should know."""

    @app.exception_handler(MissingPageError)
    async def missing(request: Request, _: Exception) -> Response:
        return problems.answer(request, pages, 404, "There is no such page.")

    @app.exception_handler(TrackerError)
    async def told(request: Request, error: Exception) -> Response:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        if status >= 500:
            log.warning("%s", error, extra={"path": place_of(request.url.path)})
        return problems.answer(request, pages, status, str(error), getattr(error, "advice", ""))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        answer = problems.answer(request, pages, status, problems.TITLES.get(status, "It can't be done."))
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    @app.exception_handler(Exception)
    async def ours(request: Request, error: Exception) -> Response:
        log.error(
            "an unexpected error, and our own fault",
            exc_info=error,
            extra={"path": place_of(request.url.path)},
        )
        answer = problems.answer(request, pages, 500, "Something went wrong here, and it is our own fault.")
        for name, value in SAFE:
            answer.headers[name] = value
        return answer


_STATUS: tuple[tuple[type[TrackerError], int], ...] = (
    (UnknownPolicyError, 404),
    (InputError, 400),
    (TryLaterError, 503),
    (SetupError, 503),
    (RefusedError, 503),
)
