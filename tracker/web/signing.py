"""Signing for changes over the web: by the API and by the form on a change's page, with the admin token alone."""

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from tracker.archive.records import signoff_record
from tracker.archive.signoffs import Signoffs
from tracker.changelog.site import Frame
from tracker.errors import InputError
from tracker.model.instants import words
from tracker.signing import sign
from tracker.web.admin import Admin
from tracker.web.forms import body_of, form_of
from tracker.web.operating import ROOT
from tracker.web.page import JSON

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.web.shelf import Shelf

_LARGEST = 16_384  # bytes of a body
_KEYS = {"by", "ticket", "note", "items"}
_WANTED = 'wanted: {"by": "jane@example.com", "ticket": "SEC-1", "note": "", "items": []}; by alone is needed'
_Change = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]


def add_signing(app: FastAPI, pages: "Shelf", admin: Admin | None) -> None:
    """The routes of sign-offs. Without an admin token there are none."""
    if admin is None:
        return
    tracker = pages.tracker

    @app.get(f"{ROOT}/signoffs", include_in_schema=False)
    async def listed(request: Request) -> Response:
        admin.require(request)
        return _json(await run_in_threadpool(_all, tracker))

    @app.post(f"{ROOT}/changes/{{change}}/signoff", include_in_schema=False)
    async def signed(request: Request, change: _Change) -> Response:
        admin.require(request)
        return _json(
            await run_in_threadpool(_sign, tracker, change, _asked(await body_of(request, _LARGEST)))
        )

    @app.post("/signoff", include_in_schema=False)
    async def pressed(request: Request) -> Response:
        form = await form_of(request)
        given = {key: values[-1] for key, values in form.items()}
        admin.require(request, given.get("token", ""))
        asked: dict[str, Any] = {key: given.get(key, "") for key in ("by", "ticket", "note")}
        asked["items"] = [one for one in form.get("item", []) if one]
        made = await run_in_threadpool(_sign, tracker, given.get("change", ""), asked)
        return await run_in_threadpool(_answer, pages, made)


def _asked(raw: bytes) -> dict[str, Any]:
    """What a body says. Raises InputError."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError("the body is no JSON", advice=_WANTED) from error
    if not isinstance(found, dict) or not set(found) <= _KEYS:
        raise InputError("the body says something else", advice=_WANTED)
    items = found.get("items", [])
    texts = [found.get(key, "") for key in ("by", "ticket", "note")]
    if not isinstance(items, list) or not all(isinstance(one, str) for one in [*texts, *items]):
        raise InputError("the body says something else", advice=_WANTED)
    return found


def _sign(tracker: "Tracker", change: str, asked: dict[str, Any]) -> dict[str, Any]:
    made, new = sign(
        tracker,
        change,
        asked.get("by", ""),
        asked.get("ticket", ""),
        asked.get("note", ""),
        asked.get("items", []),
    )
    return {"schema": 1, "type": "signoff", **signoff_record(made), "new": new, "at": words(made.signed_at)}


def _all(tracker: "Tracker") -> dict[str, Any]:
    signed = Signoffs(tracker.home, tracker.database).all()
    return {"schema": 1, "type": "signoffs", "items": [signoff_record(one) for one in signed]}


def _answer(pages: "Shelf", made: dict[str, Any]) -> Response:
    what = f"{made['from'] or 'none'} to {made['to'] or 'none'} of {str(made['arn']).rpartition('/')[2]}"
    part = f"{len(made['items'])} of {made['out_of']} items of " if made["items"] else ""
    said = [f"{made['by']} signed for {part}{what} at {made['at']}."]
    if not made["new"]:
        said.append("Nothing was added: it stood there already.")
    page = pages.render(
        "answer.html", Frame("signoff.html", "Sign-off", referrer="same-origin"), about="Sign-off", title="Signed for",
        said=said, facts=(), button="", links=(("All changes", "changes/index.html"),),
    )  # fmt: skip
    return Response(page.body, 200, {"cache-control": "no-store"}, page.media_type)


def _json(record: dict[str, Any]) -> Response:
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    return Response(
        text.encode("utf-8", "backslashreplace"), headers={"cache-control": "no-store"}, media_type=JSON
    )
