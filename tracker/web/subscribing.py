"""The pages of a subscription as routes: a GET shows, a POST does; a form must come from a page of ours, one click need not."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from tracker.web.desk import Desk
from tracker.web.doors import Doors
from tracker.web.forms import Form, body_of, client_of, form_of
from tracker.web.postman import Postman
from tracker.web.shelf import Shelf

_ONE_CLICK = 4_096  # bytes: RFC 8058 has 26 of them
_READ = ["GET", "HEAD"]

Show = Callable[[str], Response]  # a link's token -> its page
Act = Callable[[str, Form, str], Response]  # token, form and the client's address -> what the button led to


def add_subscribing(app: FastAPI, pages: Shelf, doors: Doors) -> None:
    """The routes /subscribe, /confirm, /manage, /undo and /unsubscribe."""
    desk, postman = Desk(pages, doors.closed), Postman(pages.tracker)
    app.state.postman = postman

    @app.api_route("/subscribe", methods=_READ, include_in_schema=False)
    async def subscribe(request: Request) -> Response:
        return await run_in_threadpool(desk.form, parse_qs(request.url.query))

    @app.post("/subscribe", include_in_schema=False)
    async def ask(request: Request) -> Response:
        form = await form_of(request)
        return _then_send(postman, await run_in_threadpool(desk.ask, form, client_of(request)))

    _add_link(app, postman, "confirm", desk.confirm, lambda token, *_: desk.confirmed(token), form_of)
    _add_link(app, postman, "manage", desk.manage, desk.managed, form_of)
    _add_link(app, postman, "undo", desk.undo, lambda token, *_: desk.undone(token), form_of)
    _add_link(
        app, postman, "unsubscribe", desk.unsubscribe, lambda token, *_: desk.unsubscribed(token), _one_click
    )


def _add_link(
    app: FastAPI,
    postman: Postman,
    name: str,
    show: Show,
    act: Act,
    read: Callable[[Request], Awaitable[Form]],
) -> None:
    """A page that stands under a token, and what its button does."""

    @app.api_route(f"/{name}/{{token}}", methods=_READ, include_in_schema=False)
    async def shown(token: str) -> Response:
        return await run_in_threadpool(show, token)

    @app.post(f"/{name}/{{token}}", include_in_schema=False)
    async def pressed(request: Request, token: str) -> Response:
        form = await read(request)
        return _then_send(postman, await run_in_threadpool(act, token, form, client_of(request)))


async def _one_click(request: Request) -> Form:
    """RFC 8058: a mail program or its provider sends this, without cookie, Origin or a form of ours.

    The body says List-Unsubscribe=One-Click, as a form or in parts; the token in the address is what counts.
    """
    await body_of(request, _ONE_CLICK)
    return {}


def _then_send(postman: Postman, answer: Response) -> Response:
    """The answer of a POST; what it queued is sent beside it."""
    postman.wake()
    return answer
