"""The server, asked by somebody who means harm: paths, queries, headers, forms and bodies of every route."""

import asyncio
import random
from typing import Any

from tests.delivery.test_bounces import PEM, TOPIC, bounce_of, sns
from tests.fuzz.mutate import mutated
from tests.fuzz.places import scratch
from tests.fuzz.target import Target
from tests.support.world import READ_ONLY, SUPPORT, allowing
from tests.web.worlds import web_world
from tracker import service
from tracker.delivery.intake import Intake
from tracker.web.admin import Admin
from tracker.web.app import make_app
from tracker.web.doors import Doors

_TOKEN = "0123456789abcdef" * 2
_FORM = b"address=anna%40example.org&policies=AWSSupportServiceRolePolicy&frequency=weekly&hour=6&services=s3&level=Read&watch=credentials&form=full&name=x"
_LOOP = asyncio.new_event_loop()


def pages() -> Target:
    """What is asked is refused with a 4xx, or answered; a 5xx is a fault but for 503, which says that it may work later."""
    place = scratch()
    world = web_world(place / "world")
    for number in (1, 2):
        world.aws.publish(
            SUPPORT, f"v{number}", world.clock(), allowing("s3:Get*", *("ec2:Run*",) * (number - 1))
        )
        world.aws.publish(READ_ONLY, "v1", world.clock(), allowing("s3:List*"))
        service.check(world.tracker, [SUPPORT, READ_ONLY])
        world.clock.forward(days=1)
    world.subscribe("anna@example.org")
    intake = Intake(world.tracker.database, "example.org", [TOPIC], lambda url: PEM, after=2)
    app = make_app(world.tracker, doors=Doors(closed="", intake=lambda: intake, admin=Admin(_TOKEN)))

    def read(raw: bytes) -> object:
        head, _, body = raw.partition(b"\n\n")
        line, *headers = head.split(b"\n")
        method, _, target = line.partition(b" ")
        path, _, query = target.partition(b"?")
        status = _LOOP.run_until_complete(_asked(app, method, path, query, headers, body))
        if status >= 500 and status != 503:
            raise AssertionError(f"answered {status}")
        return status

    name = SUPPORT.name
    asked = [
        "/", f"/policies/aws/{name}/", f"/policies/aws/{name}/v2.html", "/search/?action=s3:GetObject&at=2021-12-01&policy=A*", "/changes.atom",
        f"/api/v1/policies/{name}/changes?since=2021-01-01&until=2022-01-01&limit=5&severity=alarm", "/api/v1/policies?limit=2&after=WyJhIl0",
        f"/api/v1/diff?policy={name}&from=v1&to=v2", "/api/v1/search?action=s3:Get*&at=2021-12-01&all_of=true", "/compare/?policy=A&from=v1&to=v2",
        f"/api/v1/policies/{name}/versions/v2", f"/api/v1/policies/{name}/versions/v2/document", f"/api/v1/periods?policy={name}&month=2021-12",
        "/subscribe/?policies=A&frequency=daily", "/subscribe/confirm/abc", "/unsubscribe/token-anna", "/manage/abc", "/metrics", "/healthz", "/readyz",
    ]  # fmt: skip
    usual = 'host: localhost\naccept: text/html;q=0.9\nif-none-match: W/"a", "b"\nif-modified-since: Tue, 30 Nov 2021 06:17:00 GMT\nrange: bytes=0-5'
    seeds = [f"GET {one}\n{usual}".encode() for one in asked]
    form = b"host: localhost\norigin: http://localhost\ncontent-type: application/x-www-form-urlencoded\n\n"
    seeds += [
        b"POST " + path + b"\n" + form + _FORM
        for path in (b"/subscribe/", b"/subscribe/preview", b"/unsubscribe/token-anna", b"/manage/")
    ]
    bearer = f"host: localhost\nauthorization: Bearer {_TOKEN}\ncontent-type: application/json\n\n".encode()
    signed = '{"change": "x", "by": "anna", "ticket": "T", "note": "n", "items": ["s3:GetObject"]}'
    seeds += [
        b"POST /api/v1/admin/check\n" + bearer + f'{{"policies": ["{name}"]}}'.encode(),
        b"POST /api/v1/admin/signoffs\n" + bearer + signed.encode(), b"POST /api/v1/admin/outbox/1/retry\n" + bearer,
        b"POST /hooks/sns\nhost: localhost\n\n" + sns(bounce_of("anna@example.org")),
    ]  # fmt: skip
    return Target("pages", seeds, read, (), mutate=_request, writes_under=str(place))


def _request(raw: bytes, chance: random.Random) -> bytes:
    """One part went wrong: mostly the address."""
    head, split, body = raw.partition(b"\n\n")
    line, _, headers = head.partition(b"\n")
    if body and chance.random() < 0.6:
        return head + split + mutated(body, chance)
    if chance.random() < 0.2:
        return line + b"\n" + mutated(headers, chance) + split + body
    method, _, target = line.partition(b" ")
    return method + b" " + mutated(target, chance).replace(b"\n", b"%0A") + b"\n" + headers + split + body


async def _asked(
    app: Any, method: bytes, path: bytes, query: bytes, headers: list[bytes], body: bytes
) -> int:
    """The status of one request, as a server hands it to the application."""
    from urllib.parse import unquote_to_bytes

    lines = (line.partition(b":") for line in headers)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": method.decode("latin-1"), "path": unquote_to_bytes(path).decode("utf-8", "replace"), "raw_path": path, "query_string": query,
        "headers": [(name.strip().lower(), value.strip()) for name, _, value in lines if name.strip()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    status: list[int] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
            for name, value in message["headers"]:
                assert not {13, 10} & set(value), f"a line break in the header {name!r}"

    await app(scope, receive, send)
    return status[0]
