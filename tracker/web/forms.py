"""What comes in by POST: bounded in size and time, and a form only from a page of ours."""

import asyncio
from urllib.parse import parse_qs

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tracker.web.headers import same_site

Form = dict[str, list[str]]  # by name, in order
_LARGEST_FORM = 16_384  # bytes; the form of a subscription, filled to the brim, has 8,000
_FIELDS = 200
_PATIENCE_S = 10.0  # for the whole of a body


async def body_of(request: Request, most: int) -> bytes:
    """The body. Raises HTTPException: 413 where it is larger than `most` bytes, 408 where it does not come."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise HTTPException(413)
    found = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async for part in request.stream():
                found += part
                if len(found) > most:
                    raise HTTPException(413)
    except TimeoutError as error:
        raise HTTPException(408) from error
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return bytes(found)


async def form_of(request: Request) -> Form:
    """A form that a page of ours sent. Raises HTTPException: 403 where another site did, 413, 415, 400 where it can't be read."""
    refuse_other_sites(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    raw = await body_of(request, _LARGEST_FORM)
    try:
        return parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError as error:  # UnicodeDecodeError is one
        raise HTTPException(400) from error


def refuse_other_sites(request: Request) -> None:
    """Raise HTTPException 403 where a page of another site had a browser send this."""
    headers = request.headers
    if not same_site(headers.get("origin"), headers.get("sec-fetch-site"), headers.get("host", "")):
        raise HTTPException(403)


def client_of(request: Request) -> str:
    """The client's address; behind a proxy that is believed, the one that the proxy names."""
    return request.client.host if request.client else ""
