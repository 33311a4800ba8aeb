"""A page as an answer: 304 where the reader has it, gzip where the reader takes it, and how long it may be kept."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import NamedTuple

from fastapi import Request, Response

from tracker.web.headers import policy
from tracker.web.page import Page

ANSWERED = "tracker.page"  # where a request's scope says which page was its answer


class Answer(NamedTuple):
    """What goes to the reader."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(page: Page, asked: Mapping[str, str]) -> Answer:
    """The answer to a request with these headers: 304 where the reader has the page already, gzip where it is taken."""
    headers = {
        "etag": page.etag,
        "cache-control": f"public, max-age={page.max_age_s}",
        "vary": "Accept-Encoding",
    }
    if page.style:  # with a 304 too: what comes with that replaces what the reader has kept
        headers["content-security-policy"] = policy(style=page.style)
    if page.modified is not None:
        headers["last-modified"] = format_datetime(
            page.modified.astimezone(UTC).replace(microsecond=0), usegmt=True
        )
    if _has_it(asked, page):
        return Answer(304, headers, b"")
    body = page.body
    headers["content-type"] = page.media_type
    if "gzip" in asked.get("accept-encoding", "") and page.compressed is not None:
        body = page.compressed
        headers["content-encoding"] = "gzip"
    headers["content-length"] = str(len(body))
    return Answer(200, headers, body)


def send(request: Request, page: Page) -> Response:
    """A page as an answer of a route; who stands before the routes may give it again (warm.py)."""
    request.scope[ANSWERED] = page
    status, headers, body = answer(page, request.headers)
    return Response(body, status, headers)


def _has_it(asked: Mapping[str, str], page: Page) -> bool:
    """RFC 9110, 13.2.2: If-None-Match decides where it is there, else If-Modified-Since."""
    tags = asked.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or page.etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    since = asked.get("if-modified-since")
    if since is None or page.modified is None:
        return False
    try:
        moment: datetime = parsedate_to_datetime(since)
    except ValueError:
        return False
    return moment.tzinfo is not None and page.modified.replace(microsecond=0) <= moment
