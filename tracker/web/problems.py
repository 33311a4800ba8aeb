"""Errors as answers: problem details for programs (RFC 9457), a page for people."""

import json
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from tracker.changelog.site import Frame

if TYPE_CHECKING:
    from tracker.web.shelf import Shelf

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The question can't be read", 401: "The admin token is missing or wrong", 403: "Refused: that came from another site",
    404: "Not found", 405: "Only reading is possible here", 408: "It took too long to come", 413: "That is too large",
    414: "The question is too long", 415: "That is no form", 421: "Another host is meant",
    422: "The question can't be read", 429: "Too often", 500: "Our own fault", 503: "Try again later",
}  # fmt: skip


def problem(status: int, detail: str, advice: str = "") -> Response:
    """A problem as JSON. Its type is about:blank: the status says what kind it is (RFC 9457, 4.2.1)."""
    record = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, "detail": detail}
    if advice:
        record["advice"] = advice
    headers = {"cache-control": "no-store"} | ({"retry-after": "60"} if status == 503 else {})
    # Half of a character, which JSON may hold and UTF-8 may not, comes back as JSON spells it.
    text = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(text, status, headers, MEDIA_TYPE)


def answer(request: Request, pages: "Shelf", status: int, detail: str, advice: str = "") -> Response:
    """A problem in the reader's form: JSON for the API, a page for everybody else."""
    if request.url.path.startswith(("/api/", "/hooks/")):
        return problem(status, detail, advice)
    path = request.url.path.lstrip("/")
    page = pages.render(
        "problem.html", Frame(path), title=TITLES.get(status, "Error"), status=status, detail=detail, advice=advice
    )  # fmt: skip
    return Response(page.body, status, {"cache-control": "no-store"}, page.media_type)


def on_validation(app: FastAPI) -> None:
    """A parameter that is out of bounds is named, with what would be right."""

    @app.exception_handler(RequestValidationError)
    async def refused(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        told = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in found[:5])
        return problem(400, told or "a parameter is out of bounds")
