"""CloudTrail's event history over real HTTP, as far as the tracker asks it; and STS's GetCallerIdentity."""

import json
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from tracker.model.instants import parse_instant

ACCOUNT = "111122223333"
_WHO = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/tracker/session</Arn><UserId>AROAEXAMPLE:session</UserId><Account>{ACCOUNT}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


@dataclass(frozen=True)
class Reply:
    """One answer on the wire."""

    body: bytes
    status: int = 200
    content_type: str = "application/x-amz-json-1.1"


def fault(code: str, message: str = "", status: int = 400) -> Reply:
    """An error in CloudTrail's own form."""
    return Reply(json.dumps({"__type": code, "message": message}).encode(), status)


def throttled() -> Reply:
    """What the third call of a second gets."""
    return fault("ThrottlingException", "Rate exceeded")


def denied(region: str = "eu-central-1") -> Reply:
    """No permission, in AWS's words."""
    said = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/tracker/session is not authorized to perform: cloudtrail:LookupEvents"
        f" on resource: arn:aws:cloudtrail:{region}:{ACCOUNT}:* because no identity-based policy allows the cloudtrail:LookupEvents action"
    )
    return fault("AccessDeniedException", said)


@dataclass(frozen=True)
class Asked:
    """One LookupEvents."""

    region: str
    parameters: Mapping[str, Any]


@dataclass
class FakeCloudTrail:
    """The server. Tokens are positions in what the same period holds; a token asked with another period is refused."""

    page_size: int = 50
    asked: list[Asked] = field(default_factory=list)
    _events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _once: deque[Reply | Callable[[], None]] = field(default_factory=deque)
    _always: dict[str, Reply] = field(default_factory=dict)

    def __enter__(self) -> Self:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                scope = self.headers.get("Authorization", "").partition("Credential=")[2].split("/")
                region = scope[2] if len(scope) > 2 else ""
                if "LookupEvents" in self.headers.get("X-Amz-Target", ""):
                    reply = fake.answer(region, json.loads(body))
                elif parse_qs(body.decode()).get("Action") == ["GetCallerIdentity"]:
                    reply = Reply(_WHO.encode(), content_type="text/xml")
                else:
                    reply = fault("UnknownOperationException")
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                """Nothing: a test's output is the test's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def environment(self) -> dict[str, str]:
        """The variables that point a client here, with credentials that it accepts."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {
            "AWS_ENDPOINT_URL_CLOUDTRAIL": url,
            "AWS_ENDPOINT_URL_STS": url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
        }

    def put(self, region: str, *events: dict[str, Any]) -> None:
        """Events of a region, in any order."""
        self._events.setdefault(region, []).extend(events)

    def next(self, *replies: Reply | Callable[[], None]) -> None:
        """Answer the next calls with these, one each; a function is called, and the true answer follows."""
        self._once.extend(replies)

    def always(self, region: str, reply: Reply) -> None:
        """Answer every call of a region ('*': of all) with this."""
        self._always[region] = reply

    def answer(self, region: str, parameters: Mapping[str, Any]) -> Reply:
        """What a call gets."""
        self.asked.append(Asked(region, parameters))
        if self._once:
            first = self._once.popleft()
            if isinstance(first, Reply):
                return first
            first()
        for key in (region, "*"):
            if key in self._always:
                return self._always[key]
        since, until = parameters["StartTime"], parameters["EndTime"]
        found = [one for one in self._events.get(region, []) if since <= _epoch(one) <= until]
        found.sort(key=_epoch, reverse=True)
        begin = 0
        if token := parameters.get("NextToken"):
            of, _, position = token.rpartition("/")
            if of != f"{since}/{until}":
                return fault("InvalidNextTokenException")
            begin = int(position)
        end = begin + min(self.page_size, parameters.get("MaxResults", 50))
        answer: dict[str, Any] = {
            "Events": [
                {
                    "EventId": one["eventID"],
                    "EventName": one["eventName"],
                    "EventTime": _epoch(one),
                    "EventSource": one["eventSource"],
                    "Username": "session",
                    "Resources": [],
                    "CloudTrailEvent": json.dumps(one),
                }
                for one in found[begin:end]
            ]
        }
        if end < len(found):
            answer["NextToken"] = f"{since}/{until}/{end}"
        return Reply(json.dumps(answer).encode())


def _epoch(event: Mapping[str, Any]) -> float:
    return parse_instant(event["eventTime"]).timestamp()
