"""The server: FastAPI around Pages and the API. It checks what comes in, and says how what goes out may be kept."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from tracker.collaborators import Tracker
from tracker.errors import InputError, LockedError, SetupError, TrackerError, UnknownPolicyError
from tracker.web import problems
from tracker.web.api import add_api
from tracker.web.headers import SAFE, known_host, policy
from tracker.web.health import add_health
from tracker.web.page import ElsewhereError, MissingPageError
from tracker.web.pages import Pages
from tracker.web.sending import send

log = logging.getLogger(__name__)
_LONGEST_QUERY = 2_000  # characters of a query string; pages need no more
_LONGEST_VALUE = 400


def make_app(tracker: Tracker, *, hosts: tuple[str, ...] = ()) -> FastAPI:
    """The application on one tracker. `hosts`: the names it is reached by; none: this machine's own alone."""
    from importlib.metadata import version

    app = FastAPI(
        title="policy-tracker",
        version=version("policy-tracker"),
        summary="What AWS managed policies allow, since when, and what changed.",
        description="Reading only. Errors are problem details (RFC 9457). Every answer has an ETag and answers 304.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    pages = Pages(tracker)
    app.state.pages = pages

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        api = request.url.path.startswith("/api/")
        if not known_host(request.headers.get("host", ""), hosts) and request.url.path != "/healthz":
            answer: Response = problems.problem(421, "This server does not answer for that host.")
        elif len(request.url.query) > _LONGEST_QUERY:
            answer = problems.answer(request, pages, 414, "The query is longer than any page needs.")
        else:
            answer = await call_next(request)
        for name, value in SAFE:
            answer.headers[name] = value
        answer.headers.setdefault("content-security-policy", policy())
        if api:
            answer.headers["access-control-allow-origin"] = "*"
            answer.headers["access-control-expose-headers"] = "ETag, Link"
            answer.headers["cross-origin-resource-policy"] = "cross-origin"
        return answer

    _add_faults(app, pages)
    problems.on_validation(app)
    add_health(app, tracker)
    add_api(app, pages)

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def any_page(request: Request, path: str) -> Response:
        query = {name: value[:_LONGEST_VALUE] for name, value in request.query_params.items()}
        wanted = f"{path}index.html" if not path or path.endswith("/") else path
        try:
            page = await run_in_threadpool(pages.page, wanted, query)
        except ElsewhereError as error:
            return RedirectResponse(f"/{error.path}", 302)
        return send(request, page)

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
            log.warning("%s", error, extra={"path": request.url.path})
        return problems.answer(request, pages, status, str(error), getattr(error, "advice", ""))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        answer = problems.answer(request, pages, status, problems.TITLES.get(status, "It can't be done."))
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    @app.exception_handler(Exception)
    async def ours(request: Request, error: Exception) -> Response:
        log.error("an unexpected error, and our own fault", exc_info=error, extra={"path": request.url.path})
        answer = problems.answer(request, pages, 500, "Something went wrong here, and it is our own fault.")
        for name, value in SAFE:
            answer.headers[name] = value
        return answer


_STATUS: tuple[tuple[type[TrackerError], int], ...] = (
    (UnknownPolicyError, 404),
    (InputError, 400),
    (LockedError, 503),
    (SetupError, 503),
)
