"""A fake IAM: a real HTTP server on loopback that speaks the four calls the tracker makes, from a script.

    with FakeIam() as iam:
        iam.put("arn:aws:iam::aws:policy/ReadOnlyAccess", "v1", {"Version": ..., "Statement": ...}, "2024-01-01T00:00:00Z")
        source = IamSource(endpoint_url=iam.url, ...)          # or AWS_ENDPOINT_URL_IAM=iam.url and iam.environment()
        assert iam.actions == ["GetPolicy", "GetPolicyVersion"]

Unlike moto it moves UpdateDate as AWS does ('when the most recent policy version was created', also where the
default goes back), keeps any create date and any number of versions, counts its calls, and misbehaves on demand with the replies of
iam_replies.py: `iam.next("GetPolicy", html(502))` once, `iam.always("GetPolicy", throttled())` until `iam.calm()`,
`iam.after("GetPolicy", lambda: iam.set_default(arn, "v42"))` to move the world between two calls.
"""

import json
import os
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from tests.support.iam_replies import Reply, access_denied, answer, fault, no_such_entity
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso, parse_instant


@dataclass(frozen=True, slots=True)
class Call:
    """One call received: the action and its parameters as sent, the key it was signed with, for which region."""

    action: str
    parameters: Mapping[str, str]
    access_key: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class _Version:
    create_date: datetime
    document: str  # the text that is URL-encoded onto the wire, whatever it is


@dataclass(slots=True)
class _Policy:
    default: str
    update_date: datetime
    versions: dict[str, _Version] = field(default_factory=dict)
    made: datetime | None = None
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class _Role:
    arn: str
    trust: str  # the text that is URL-encoded onto the wire
    attached: tuple[str, ...]
    inline: Mapping[str, str]
    role_id: str
    made: str
    last_used: str

    def element(self, name: str) -> str:
        used = (
            f"<LastUsedDate>{self.last_used}</LastUsedDate><Region>us-east-1</Region>"
            if self.last_used
            else ""
        )
        path = self.arn.partition(":role")[2].removesuffix(name)
        return (
            f"<Role><Path>{path}</Path><RoleName>{name}</RoleName><RoleId>{self.role_id}</RoleId><Arn>{self.arn}</Arn>"
            f"<CreateDate>{self.made}</CreateDate><AssumeRolePolicyDocument>{quote(self.trust, safe='~')}"
            f"</AssumeRolePolicyDocument><RoleLastUsed>{used}</RoleLastUsed></Role>"
        )


Answerer = Callable[[Call], Reply]


class FakeIam:
    """The server. Every method may be called while it runs; a call is answered from the state at that moment."""

    def __init__(self, *, page_size: int = 100) -> None:
        self.page_size = page_size
        self.calls: list[Call] = []
        self._denied: set[str] = set()  # 'iam:ListPolicies'
        self._allowed: set[str] | None = None  # None: all
        self._readable: str | None = None  # the one ARN that may be read; None: all
        self._policies: dict[str, _Policy] = {}
        self._roles: dict[str, _Role] = {}
        self._once: dict[str, deque[Reply | Answerer]] = defaultdict(deque)
        self._always: dict[str, Reply | Answerer] = {}
        self._after: dict[str, deque[Callable[[], None]]] = defaultdict(deque)
        self._lock = threading.RLock()
        self._released = threading.Event()
        self._scheme = "http"
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens: 'http://127.0.0.1:40123'."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def environment(self) -> dict[str, str]:
        """The variables that point any AWS client of another process here, with credentials that it accepts."""
        return {
            "AWS_ENDPOINT_URL_IAM": self.url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
        }

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._scheme = "https"
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    # The script: what is true in this AWS

    def put(
        self,
        arn: PolicyArn | str,
        version: str,
        document: str | Mapping[str, object],
        create_date: datetime | str,
        *,
        default: bool = True,
    ) -> None:
        """Publish a version. UpdateDate moves to its create date where that is later, default or not."""
        date = parse_instant(create_date) if isinstance(create_date, str) else create_date
        text = document if isinstance(document, str) else json.dumps(document)
        with self._lock:
            policy = self._policies.setdefault(str(arn), _Policy(version, date, made=date))
            policy.versions[version] = _Version(date, text)
            policy.update_date = max(policy.update_date, date)
            if default:
                policy.default = version

    def set_default(self, arn: PolicyArn | str, version: str) -> None:
        """Move the default, forward or back. UpdateDate stays, as in AWS."""
        with self._lock:
            self._policies[str(arn)].default = version

    def drop_version(self, arn: PolicyArn | str, version: str) -> None:
        """Delete a version: GetPolicyVersion says NoSuchEntity from now on. UpdateDate stays."""
        with self._lock:
            del self._policies[str(arn)].versions[version]

    def remove(self, arn: PolicyArn | str) -> None:
        """Remove a policy: NoSuchEntity, and no listing names it. It can be `put` again, from v1."""
        with self._lock:
            del self._policies[str(arn)]

    def put_role(
        self,
        name: str,
        trust: str | Mapping[str, object],
        *,
        path: str = "/aws-service-role/support.amazonaws.com/",
        attached: Sequence[str] = (),
        inline: Mapping[str, Mapping[str, object]] | None = None,
        role_id: str = "AROAEXAMPLE1",
        made: str = "2018-04-19T18:04:06Z",
        last_used: str = "",
    ) -> str:
        """Make a role, or make it otherwise; its ARN."""
        arn = f"arn:aws:iam::123456789012:role{path}{name}"
        with self._lock:
            self._roles[name] = _Role(
                arn, trust if isinstance(trust, str) else json.dumps(trust), tuple(attached),
                {key: json.dumps(one) for key, one in (inline or {}).items()}, role_id, made, last_used,
            )  # fmt: skip
        return arn

    def remove_role(self, name: str) -> None:
        """Delete a role: NoSuchEntity."""
        with self._lock:
            del self._roles[name]

    def attach(self, arn: PolicyArn | str, count: int = 1) -> None:
        """So many users, groups and roles of this account have the policy attached."""
        with self._lock:
            self._policies[str(arn)].attachments = count

    # What goes wrong

    def deny(self, *actions: str) -> None:
        """Answer AccessDenied to these ('iam:ListPolicies'), in AWS's words, until `calm()`."""
        self._denied.update(actions)

    def allow_only(self, *actions: str) -> None:
        """Answer AccessDenied to every other action ('iam:GetPolicy'), until `calm()`."""
        self._allowed = set(actions)

    def narrow_to(self, arn: str) -> None:
        """Answer AccessDenied to what reads any other policy, until `calm()`."""
        self._readable = arn

    def next(self, action: str, *replies: "Reply | Answerer") -> None:
        """Answer the next calls of `action` ('GetPolicy', or '*') with these, one each."""
        with self._lock:
            self._once[action].extend(replies)

    def always(self, action: str, reply: "Reply | Answerer") -> None:
        """Answer every call of `action` (or '*') with this, until `calm()`."""
        with self._lock:
            self._always[action] = reply

    def after(self, action: str, *happenings: Callable[[], None]) -> None:
        """Once the next calls of `action` are made up, and before the client hears, one of these happens each."""
        with self._lock:
            self._after[action].extend(happenings)

    def calm(self) -> None:
        """No more misbehaviour."""
        with self._lock:
            self._denied.clear()
            self._allowed = self._readable = None
            self._once.clear()
            self._always.clear()
            self._after.clear()

    # What was asked

    @property
    def actions(self) -> list[str]:
        """The names of the calls received, in order: ['GetPolicy', 'GetPolicyVersion']."""
        return [call.action for call in self.calls]

    def forget_calls(self) -> None:
        """Start counting anew."""
        with self._lock:
            self.calls.clear()

    # Answers, also for use with `next` and `always`

    def get_policy(self, arn: str, *, default: str | None = None) -> Reply:
        """What GetPolicy answers; with `default`, as a replica that lags would name it."""
        policy = self._policies.get(arn)
        if policy is None:
            return no_such_entity(f"Policy {arn} was not found.")
        return answer("GetPolicy", f"<Policy>{_summary(arn, policy, default)}</Policy>")

    def get_policy_version(self, arn: str, version: str, *, is_default: bool | None = None) -> Reply:
        """What GetPolicyVersion answers; with `is_default`, as a replica that lags would say."""
        policy = self._policies.get(arn)
        kept = policy.versions.get(version) if policy else None
        if policy is None or kept is None:
            return no_such_entity(f"Policy {arn} version {version} does not exist or is not attachable.")
        marked = version == policy.default if is_default is None else is_default
        return answer(
            "GetPolicyVersion",
            f"<PolicyVersion><Document>{quote(kept.document, safe='~')}</Document>"
            f"{_version(version, kept, marked)}</PolicyVersion>",
        )

    def list_policy_versions(self, arn: str, parameters: Mapping[str, str]) -> Reply:
        """What ListPolicyVersions answers, newest first."""
        policy = self._policies.get(arn)
        if policy is None:
            return no_such_entity(f"Policy {arn} was not found.")
        rows = [
            f"<member>{_version(name, version, name == policy.default)}</member>"
            for name, version in sorted(policy.versions.items(), key=lambda item: item[1].create_date)[::-1]
        ]
        return self._page("ListPolicyVersions", "Versions", rows, parameters)

    def list_policies(self, parameters: Mapping[str, str] | None = None) -> Reply:
        """What ListPolicies answers, by Scope 'AWS', 'Local' or all."""
        parameters = parameters or {}
        scope = parameters.get("Scope", "All")
        rows = [
            f"<member>{_summary(arn, policy, None)}</member>"
            for arn, policy in sorted(self._policies.items())
            if (scope == "All" or (scope == "AWS") == (PolicyArn.parse(arn).account == "aws"))
            and (policy.attachments or parameters.get("OnlyAttached") != "true")
        ]
        return self._page("ListPolicies", "Policies", rows, parameters)

    def _page(self, action: str, name: str, rows: list[str], parameters: Mapping[str, str]) -> Reply:
        start = int(parameters.get("Marker", "0"))
        end = start + min(self.page_size, int(parameters.get("MaxItems", "100")))
        more = end < len(rows)
        marker = f"<Marker>{end}</Marker>" if more else ""
        return answer(
            action,
            f"<{name}>{''.join(rows[start:end])}</{name}><IsTruncated>{str(more).lower()}</IsTruncated>{marker}",
        )

    def _respond(self, call: Call) -> Reply:
        with self._lock:
            self.calls.append(call)
            for key in (call.action, "*"):
                if self._once[key]:
                    return self._made_up(call, self._once[key].popleft())
            for key in (call.action, "*"):
                if key in self._always:
                    return self._made_up(call, self._always[key])
            if not self._permits(call):
                on = call.parameters.get("PolicyArn") or call.parameters.get("RoleName", "policy path /")
                return access_denied(call.action, on)
            return self._made_up(call, self._truthful)

    def _permits(self, call: Call) -> bool:
        action, arn = f"iam:{call.action}", call.parameters.get("PolicyArn")
        if action in self._denied or (self._allowed is not None and action not in self._allowed):
            return False
        return arn is None or self._readable in (None, arn)

    def _made_up(self, call: Call, reply: "Reply | Answerer") -> Reply:
        made = reply if isinstance(reply, Reply) else reply(call)
        if self._after[call.action]:
            self._after[call.action].popleft()()
        return made

    def _truthful(self, call: Call) -> Reply:
        arn = call.parameters.get("PolicyArn", "")
        match call.action:
            case "GetPolicy":
                return self.get_policy(arn)
            case "GetPolicyVersion":
                return self.get_policy_version(arn, call.parameters.get("VersionId", ""))
            case "ListPolicyVersions":
                return self.list_policy_versions(arn, call.parameters)
            case "ListPolicies":
                return self.list_policies(call.parameters)
            case "GetRole" | "ListAttachedRolePolicies" | "ListRolePolicies" | "GetRolePolicy":
                return self._of_role(call)
        return fault("InvalidAction", 400, f"Could not find operation {call.action}")

    def _of_role(self, call: Call) -> Reply:
        name = call.parameters.get("RoleName", "")
        role = self._roles.get(name)
        if role is None:
            return no_such_entity(f"The role with name {name} cannot be found.")
        if call.action == "GetRole":
            return answer("GetRole", role.element(name))
        if call.action == "ListAttachedRolePolicies":
            rows = [
                f"<member><PolicyName>{arn.rpartition('/')[2]}</PolicyName><PolicyArn>{arn}</PolicyArn></member>"
                for arn in role.attached
            ]
            return self._page(call.action, "AttachedPolicies", rows, call.parameters)
        if call.action == "ListRolePolicies":
            rows = [f"<member>{escape(one)}</member>" for one in role.inline]
            return self._page(call.action, "PolicyNames", rows, call.parameters)
        policy = call.parameters.get("PolicyName", "")
        if policy not in role.inline:
            return no_such_entity(f"The role policy with name {policy} cannot be found.")
        return answer(
            "GetRolePolicy",
            f"<RoleName>{name}</RoleName><PolicyName>{policy}</PolicyName>"
            f"<PolicyDocument>{quote(role.inline[policy], safe='~')}</PolicyDocument>",
        )

    def _wait(self, seconds: float) -> None:
        self._released.wait(seconds)


def _version(name: str, version: _Version, is_default: bool) -> str:
    return (
        f"<VersionId>{name}</VersionId><IsDefaultVersion>{str(is_default).lower()}</IsDefaultVersion>"
        f"<CreateDate>{iso(version.create_date)}</CreateDate>"
    )


def _summary(arn: str, policy: _Policy, default: str | None) -> str:
    parsed = PolicyArn.parse(arn)
    made = policy.made or policy.update_date
    return (
        f"<PolicyName>{escape(parsed.name)}</PolicyName><PolicyId>ANPAEXAMPLE</PolicyId><Arn>{escape(arn)}</Arn>"
        f"<Path>{escape(parsed.path)}</Path><DefaultVersionId>{default or policy.default}</DefaultVersionId>"
        f"<AttachmentCount>{policy.attachments}</AttachmentCount><IsAttachable>true</IsAttachable>"
        f"<CreateDate>{iso(made)}</CreateDate><UpdateDate>{iso(policy.update_date)}</UpdateDate>"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = dict(parse_qsl(body, keep_blank_values=True))
        scope = self.headers.get("Authorization", "").partition("Credential=")[2].split("/")
        key, region = (scope[0], scope[2]) if len(scope) > 2 else ("", "")
        call = Call(form.pop("Action", ""), form, key, region)
        reply = self.server.iam._respond(call)
        if reply.wait_s:
            self.server.iam._wait(reply.wait_s)
        if reply.hang_up:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body) + reply.missing_bytes))
        if reply.missing_bytes:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is the test's."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, iam: FakeIam) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.iam = iam

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what some tests are about."""
