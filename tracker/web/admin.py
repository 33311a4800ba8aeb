"""Who may act as the operator over the web: whoever sends the admin token, in a header or a form, never in an address.

The token is compared in constant time and kept as its digest alone, so that no log, no repr and no dump holds it. There
is no session and no cookie: each request brings the token, and no browser sends it by itself.
"""

import hmac
import logging
from hashlib import sha256

from fastapi import Request
from starlette.exceptions import HTTPException

log = logging.getLogger(__name__)


class Admin:
    """The admin token, of which nobody can learn more than whether another text is the same."""

    __slots__ = ("_digest",)

    def __init__(self, token: str) -> None:
        self._digest = sha256(token.encode()).digest()

    def __repr__(self) -> str:
        return "Admin(********)"

    def fits(self, given: str) -> bool:
        """Whether a text is the token. It takes as long for every text of a length."""
        return hmac.compare_digest(sha256(given.encode("utf-8", "replace")).digest(), self._digest)

    def require(self, request: Request, given: str | None = None) -> None:
        """Raise HTTPException 401 unless the request brings the token: as `Authorization: Bearer`, or as `given` by a form."""
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        if self.fits(told.strip() if scheme.lower() == "bearer" else given or ""):
            return
        log.warning("somebody without the admin token was refused", extra={"path": request.url.path})
        raise HTTPException(401, headers={"www-authenticate": 'Bearer realm="policy-tracker"'})
