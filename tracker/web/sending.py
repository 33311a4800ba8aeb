"""A page as an answer: 304 where the reader has it, gzip where the reader takes it, and how long it may be kept."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request, Response

from tracker.web.page import Page


def send(request: Request, page: Page) -> Response:
    """A page as an answer: 304 where the reader has it already, gzip where the reader takes it."""
    headers = {
        "etag": page.etag,
        "cache-control": f"public, max-age={page.max_age_s}",
        "vary": "Accept-Encoding",
    }
    if page.modified is not None:
        headers["last-modified"] = format_datetime(
            page.modified.astimezone(UTC).replace(microsecond=0), usegmt=True
        )
    if _has_it(request, page):
        return Response(status_code=304, headers=headers)
    body = page.body
    if "gzip" in request.headers.get("accept-encoding", "") and page.compressed is not None:
        body = page.compressed
        headers["content-encoding"] = "gzip"
    return Response(body, media_type=page.media_type, headers=headers)


def _has_it(request: Request, page: Page) -> bool:
    """RFC 9110, 13.2.2: If-None-Match decides where it is there, else If-Modified-Since."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or page.etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    since = request.headers.get("if-modified-since")
    if since is None or page.modified is None:
        return False
    try:
        moment: datetime = parsedate_to_datetime(since)
    except ValueError:
        return False
    return moment.tzinfo is not None and page.modified.replace(microsecond=0) <= moment
