"""Where a list goes on: the last row's own keys, spelt so that nobody is tempted to count pages."""

import base64
import binascii
import json

from tracker.errors import InputError


def cursor(*keys: str) -> str:
    """The keys of a row as one word of an address."""
    text = json.dumps(keys, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def after(token: str, count: int) -> tuple[str, ...]:
    """The keys of a cursor. Raises InputError for a word that is none of ours."""
    try:
        told = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InputError("that cursor is not one of ours", advice="take `next` of the page before") from error
    if not isinstance(told, list) or len(told) != count or not all(isinstance(one, str) for one in told):
        raise InputError("that cursor is not one of ours", advice="take `next` of the page before")
    return tuple(told)
