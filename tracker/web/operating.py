"""What an operator may do over the API, with the admin token: force a look, send mails again. Without one there are no such routes."""

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from tracker.collaborators import Tracker
from tracker.delivery.addresses import masked
from tracker.errors import InputError
from tracker.model.instants import iso
from tracker.web.admin import Admin
from tracker.web.forms import body_of
from tracker.web.page import JSON

if TYPE_CHECKING:
    from tracker.delivery.rows import Row
    from tracker.model.identity import PolicyArn
    from tracker.model.watch import Watch

ROOT = "/api/v1/admin"
_LARGEST = 65_536  # bytes: the names of all of AWS's policies have 60,000
_Id = Annotated[int, Path(ge=1, le=2**53)]


def add_operating(app: FastAPI, tracker: Tracker, admin: Admin | None) -> None:
    """The routes under /api/v1/admin. What they answer is what the command prints with --json, without addresses."""
    if admin is None:
        return

    @app.post(f"{ROOT}/check", include_in_schema=False)
    async def check(request: Request) -> Response:
        admin.require(request)
        names = _names(await body_of(request, _LARGEST))
        return _json(await run_in_threadpool(_check, tracker, names))

    @app.get(f"{ROOT}/outbox", include_in_schema=False)
    async def outbox(request: Request) -> Response:
        admin.require(request)
        return _json(await run_in_threadpool(_outbox, tracker))

    @app.post(f"{ROOT}/outbox/retry", include_in_schema=False)
    async def retry(request: Request) -> Response:
        admin.require(request)
        return _json(await run_in_threadpool(_retry, tracker, None))

    @app.post(f"{ROOT}/outbox/{{id}}/retry", include_in_schema=False)
    async def retry_one(request: Request, id: _Id) -> Response:  # noqa: A002 -- what the address is written with
        admin.require(request)
        return _json(await run_in_threadpool(_retry, tracker, id))


def _names(raw: bytes) -> tuple[str, ...]:
    """The policies that a body asks for; none: those that are watched. Raises InputError."""
    if not raw.strip():
        return ()
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(
            "the body is no JSON", advice='wanted: nothing, or {"policies": ["ReadOnlyAccess"]}'
        ) from error
    names = found.get("policies", []) if isinstance(found, dict) and set(found) <= {"policies"} else None
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise InputError(
            "the body says something else", advice='wanted: nothing, or {"policies": ["ReadOnlyAccess"]}'
        )
    return tuple(names)


def _check(tracker: Tracker, names: tuple[str, ...]) -> dict[str, Any]:
    from tracker import service
    from tracker.changelog.record import check_record
    from tracker.watched import listing_of

    listing = None if names else listing_of(tracker)
    watch: Watch | tuple[PolicyArn, ...] = listing or service.resolve(tracker, names or tracker.policies)
    done = service.check(tracker, watch)
    failed = [(one.policy, one.error, one.advice) for one in done.failed]
    return dict(check_record(done.run, done.checked, done.changes, failed))


def _retry(tracker: Tracker, identity: int | None) -> dict[str, Any]:
    from tracker.service import deliver

    count = tracker.outbox.retry(tracker.clock(), None if identity is None else (identity,))
    done = deliver(tracker)
    return {
        "schema": 1,
        "type": "delivery",
        "tried_again": count,
        "sent": done.sent,
        "put_off": done.retried,
        "refused": done.failed,
        "stopped": masked(str(done.stopped)) if done.stopped else None,
    }


def _outbox(tracker: Tracker) -> dict[str, Any]:
    return {
        "schema": 1,
        "type": "outbox",
        "counts": tracker.outbox.counts(),
        "items": [_row(one) for one in tracker.outbox.list()],
    }


def _row(row: "Row") -> dict[str, Any]:
    """A row without its recipient: the API shows no subscriber, to nobody."""
    return {
        "id": row.id,
        "subject": masked(row.subject),
        "state": row.state,
        "attempts": row.attempts,
        "not_before": iso(row.not_before),
        "answer": masked(row.answer),
        "created": iso(row.created),
    }


def _json(record: dict[str, Any]) -> Response:
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    return Response(
        text.encode("utf-8", "backslashreplace"), headers={"cache-control": "no-store"}, media_type=JSON
    )
