"""What stands before every route: which hosts are answered, how long a question may be, what every answer carries.

A page that is at hand (warm.py) is answered here; the routes are asked for what is not.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.errors import TrackerError
from tracker.store.database import LONGEST_READING_S
from tracker.web import problems
from tracker.web.headers import SAFE, known_host, place_of, policy, readable_host
from tracker.web.operating import ROOT as ADMIN
from tracker.web.sending import ANSWERED, answer
from tracker.web.warm import Warm

if TYPE_CHECKING:
    from tracker.web.pages import Pages
    from tracker.web.warm import Moment

log = logging.getLogger(__name__)
LONGEST_QUERY = 2_000  # characters of a query string; pages need no more
LONGEST_PATH = 2_000
LONGEST_QUERY_S = (
    10.0  # that the index may be read for a page: then SQLite is stopped, and the reader is told
)
LONGEST_WAIT_S = 30.0  # a page that takes longer goes on being made, and is there next time
_MACHINES = (
    "/healthz",
    "/metrics",
)  # asked by address: they say nothing that another site's script could use
_ASKING = (  # what another site's script may ask for, where it sends a tag along (Fetch, 3.3.6: CORS-preflight fetch)
    ("access-control-allow-methods", "GET, HEAD"),
    ("access-control-allow-headers", "If-None-Match, If-Modified-Since"),
    ("access-control-max-age", "86400"),
)
_CORS = (
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "ETag, Link"),
    ("cross-origin-resource-policy", "cross-origin"),
)


class Guard:
    """The outermost of our own layers. Plain ASGI: it is passed by every request."""

    def __init__(
        self,
        app: ASGIApp,
        pages: "Pages",
        hosts: tuple[str, ...] = (),
        wait_s: float = LONGEST_WAIT_S,
        query_s: float = LONGEST_QUERY_S,
    ) -> None:
        self._app = app
        self._pages = pages
        self._hosts = hosts
        self._wait_s = wait_s
        self._query_s = query_s
        self._warm = Warm(pages)
        self._late: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or ask the routes."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers, path, query = Headers(scope=scope), str(scope["path"]), bytes(scope["query_string"])
        api = path.startswith("/api/") and not path.startswith(ADMIN)
        send = _with_headers(send, api=api)
        if not query.isascii() or not readable_host(headers.get("host", "")):  # nobody's browser sends such
            refused = problems.problem(400, "The address or the host of the question is none.")
            return await refused(scope, receive, send)
        if not known_host(headers.get("host", ""), self._hosts) and path not in _MACHINES:
            refused = problems.problem(421, "This server does not answer for that host.")
            return await refused(scope, receive, send)
        if len(query) > LONGEST_QUERY or len(path) > LONGEST_PATH:
            refused = problems.answer(
                Request(scope), self._pages, 414, "The question is longer than any page needs."
            )
            return await refused(scope, receive, send)
        if api and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            return await Response(status_code=204, headers=dict(_ASKING))(scope, receive, send)
        if api and scope["method"] == "HEAD":  # answered as GET; what serves us leaves the body out
            scope = {**scope, "method": "GET"}
        reading = scope["method"] in ("GET", "HEAD")
        moment = self._moment() if reading else None
        page = self._warm.get(path, query, moment) if moment is not None else None
        if page is not None:
            status, told, body = answer(page, headers)
            raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
            await send({"type": "http.response.start", "status": status, "headers": raw})
            await send({"type": "http.response.body", "body": body})
            return None
        if reading:
            LONGEST_READING_S.set(self._query_s)  # of this request: each is a task with its own context
        # What is done is done to its end, a look that an operator asked for included: only readers are sent away.
        await (self._ask if reading else self._app)(scope, receive, send)
        if moment is not None and (made := scope.get(ANSWERED)) is not None:
            self._warm.put(path, query, moment, made)
        return None

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the routes, for so long as a reader waits. A thread can't be told to stop: what it makes is kept."""
        late = False

        async def in_time(message: Message) -> None:
            if not late:
                await send(message)

        asked = asyncio.ensure_future(self._app(scope, receive, in_time))
        try:
            done, _ = await asyncio.wait({asked}, timeout=self._wait_s)
        except asyncio.CancelledError:
            asked.cancel()
            raise
        if done:
            return asked.result()
        late = True
        log.warning("a page takes longer than %g s", self._wait_s, extra={"path": place_of(scope["path"])})
        self._late.add(asked)
        asked.add_done_callback(self._late.discard)
        refused = problems.answer(
            Request(scope), self._pages, 503, "This takes longer than a reader should wait.", "ask again in a minute"
        )  # fmt: skip
        return await refused(scope, receive, send)

    def _moment(self) -> "Moment | None":
        try:
            return self._warm.moment()
        except TrackerError:
            return None  # the route that is asked says what is wrong


def _with_headers(send: Send, *, api: bool) -> Send:
    """What is sent, with what makes it safe in a browser."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SAFE:
                headers.setdefault(name, value)
            headers.setdefault("content-security-policy", policy())
            if api:
                for name, value in _CORS:
                    headers[name] = value
        await send(message)

    return sending
