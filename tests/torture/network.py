"""Faults of AWS and of mail servers, told by scripted servers to the installed command: one table, and what is expected of each.

While the fault lasts it is said in one sentence with what to do; once it is over one `check` leaves everything as if there
had been none. Left to tests/sources/test_iam_faults.py and tests/delivery/test_smtp*.py are their many spellings.
"""

import random
import shutil
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.certificates import Authority
from tests.support.fake_iam import Call, FakeIam
from tests.support.iam_replies import (
    Reply,
    cut_off,
    expired_token,
    fault,
    hang_up,
    html,
    invalid_token,
    silence,
    throttled,
)
from tests.support.smtp_sink import DROP, HANG, Script, Sink
from tests.support.world import READ_ONLY, SUPPORT, allowing
from tests.torture._commands import Forks, Said
from tests.torture._place import SECOND, THIRD, Place, begun

SETUP, PART, LATER = 4, 3, 75


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and what is expected of `check` while it lasts."""

    spoil: Callable[
        [Place], object
    ]  # makes the servers do it; may answer variables that the command is started with
    codes: tuple[int, ...]
    says: str = ""  # a pattern in what it prints
    args: tuple[str, ...] = ("check",)
    twice: int = 0  # mails that may come twice, their answer having been lost
    mails: int = 1  # that each team has in the end
    more: dict[str, str] = field(default_factory=dict)  # variables


def _always(action: str, reply: Callable[[FakeIam], Reply]) -> Callable[[Place], None]:
    return lambda place: place.iam.always(action, reply(place.iam))


def _version(iam: FakeIam) -> Reply:
    return iam.get_policy_version(str(SUPPORT), "v3")


def _drip(place: Place) -> dict[str, str]:
    """A server that sends a byte of its answer a second: each comes before the time-out, the whole never would."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=_dripping, args=(peer,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return {
        "AWS_ENDPOINT_URL_IAM": f"http://127.0.0.1:{server.getsockname()[1]}",
        "POLICY_TRACKER_AWS__READ_TIMEOUT_S": "1",
    }


def _dripping(peer: socket.socket) -> None:
    try:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 40\r\n\r\n")
        for _ in range(40):
            peer.sendall(b"<")
            if _STOP.wait(0.4):
                return
    except OSError:
        return
    finally:
        peer.close()


_STOP = threading.Event()


def _yesterday(place: Place) -> None:
    """Every answer is of before v3."""
    body = place.iam.get_policy(str(SUPPORT), default="v2").body.replace(THIRD.encode(), SECOND.encode())
    place.iam.always("GetPolicy", Reply(body))


def _half_of_yesterday(place: Place) -> None:
    """GetPolicy names v2 as the default, with the UpdateDate of v3: as where v3 was taken back again."""
    place.iam.always("GetPolicy", place.iam.get_policy(str(SUPPORT), default="v2"))


def _not_default(place: Place) -> None:
    """GetPolicy says v3, and GetPolicyVersion that v3 is not the default: two replicas that disagree."""
    place.iam.always("GetPolicyVersion", lambda call: place.iam.get_policy_version(str(SUPPORT), call.parameters["VersionId"], is_default=False))  # fmt: skip


def _lost_page(place: Place) -> None:
    """The listing of everything lacks a policy that is there: its page got lost."""
    place.iam.put(READ_ONLY, "v1", allowing("s3:ListBucket"), SECOND)
    whole = place.iam.list_policies()

    def lacking(call: Call) -> Reply:
        body = whole.body
        start = body.index(b"<member>", 0)
        wanted = body.index(SUPPORT.name.encode())
        while body.index(b"</member>", start) < wanted:
            start = body.index(b"<member>", start + 1)
        return Reply(body[:start] + body[body.index(b"</member>", start) + len(b"</member>") :])

    place.iam.always("ListPolicies", lacking)


def _endless(place: Place) -> None:
    """A listing whose every page says that there is another, with the same marker."""
    body = place.iam.list_policies().body.replace(b"<IsTruncated>false</IsTruncated>", b"<IsTruncated>true</IsTruncated><Marker>1</Marker>")  # fmt: skip
    place.iam.always("ListPolicies", Reply(body))


def _rotated(place: Place) -> None:
    """The key is good for the first call and refused from the second on: it was replaced while the round ran."""
    place.iam.after("GetPolicy", lambda: place.iam.always("*", invalid_token()))


def _expired_meanwhile(place: Place) -> None:
    place.iam.after("GetPolicy", lambda: place.iam.always("*", expired_token()))


def _iam_tls(place: Place, *names: str, days: int = 1) -> dict[str, str]:
    """The same IAM over TLS, with a certificate that is wrong in one way."""
    authority = Authority(place.folder)
    place.iam.encrypt(authority.server(*names, days=days).context())
    return {"AWS_ENDPOINT_URL_IAM": place.iam.url, "AWS_CA_BUNDLE": str(authority.file)}


def _smtp_tls(place: Place, *names: str, days: int = 1) -> dict[str, str]:
    """A mail server with STARTTLS and a certificate that is wrong in one way."""
    authority = Authority(place.folder)
    other = Sink(starttls=authority.server(*names, days=days).context())
    place.others.enter_context(other)
    return {"POLICY_TRACKER_MAIL__PORT": str(other.port), "POLICY_TRACKER_MAIL__SECURITY": "starttls",
            "POLICY_TRACKER_MAIL__CA_FILE": str(authority.file)}  # fmt: skip


def _smtp(*replies: str | bytes) -> Callable[[Place], dict[str, str]]:
    """A mail server that says these whatever it is told."""

    def spoil(place: Place) -> dict[str, str]:
        server = Script(replies)
        place.others.enter_context(server)
        return {"POLICY_TRACKER_MAIL__PORT": str(server.port), "POLICY_TRACKER_MAIL__TIMEOUT_S": "1"}

    return spoil


def _sink(step: str, reply: str) -> Callable[[Place], dict[str, str]]:
    def spoil(place: Place) -> dict[str, str]:
        place.sink.always(step, reply)
        return {"POLICY_TRACKER_MAIL__TIMEOUT_S": "1"}

    return spoil


def _nobody_listens(variable: str, form: str) -> Callable[[Place], dict[str, str]]:
    def spoil(place: Place) -> dict[str, str]:
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        place.others.enter_context(taken)
        return {variable: form.format(taken.getsockname()[1])}

    return spoil


AWS = {
    "throttled": Case(_always("*", lambda _: throttled()), (LATER,), "throttled"),
    "HTTP 500": Case(_always("*", lambda _: fault("InternalFailure", 500, "oops")), (LATER,), "HTTP 500"),
    "HTTP 503": Case(_always("*", lambda _: fault("ServiceUnavailable", 503, "wait")), (LATER,), "HTTP 503"),
    "silence": Case(_always("*", lambda _: silence()), (LATER,), "time-out", more={"POLICY_TRACKER_AWS__READ_TIMEOUT_S": "0.3"}),
    "a byte at a time": Case(_drip, (LATER,), "time-out|cut off|no XML|not IAM's"),
    "cut off in the document": Case(_always("GetPolicyVersion", lambda iam: cut_off(_version(iam), sent=400)), (LATER,), "cut off"),
    "hangs up": Case(_always("*", lambda _: hang_up()), (LATER,), "broke before"),
    "empty body": Case(_always("*", lambda _: Reply(b"")), (LATER,), "empty"),
    "a proxy's page with 200": Case(_always("*", lambda _: html(200)), (LATER,), "not IAM's"),
    "a proxy that wants a login": Case(_always("*", lambda _: html(407)), (SETUP,), "HTTP 407"),
    "megabytes of something else": Case(_always("*", lambda _: Reply(b"x" * 5_000_000)), (LATER,), "not IAM's|no XML"),
    "JSON for XML": Case(_always("*", lambda _: Reply(b'{"Policy": {}}', content_type="application/json")), (LATER,), "not IAM's|no XML"),
    "another policy's answer": Case(_always("GetPolicy", lambda iam: Reply(iam.get_policy(str(SUPPORT)).body.replace(b"v3", b"v0"))), (LATER,), "v0"),
    "a document that is no policy": Case(_always("GetPolicyVersion", lambda iam: Reply(_version(iam).body.replace(b"%7B", b"%5B", 1))), (PART, LATER, 2), SUPPORT.name),
    "expired while it runs": Case(_expired_meanwhile, (SETUP,), "expired"),
    "rotated while it runs": Case(_rotated, (SETUP,), "does not accept these credentials"),
    "no permission": Case(lambda place: place.iam.deny("iam:GetPolicyVersion"), (SETUP,), "iam:GetPolicyVersion is missing"),
    "no credentials": Case(lambda _: {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, (SETUP,), "credentials"),
    "a clock that AWS refuses": Case(_always("*", lambda _: fault("SignatureDoesNotMatch", 403, "Signature expired: 20211221T000000Z is now earlier than")), (SETUP,), "clock|time of the signature"),
    "DNS gone": Case(lambda _: {"AWS_ENDPOINT_URL_IAM": "http://iam.policy-tracker.invalid"}, (LATER,), "does not resolve"),
    "nobody listens": Case(_nobody_listens("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:{}"), (LATER,), "refuses the connection"),
    "TLS of another name": Case(lambda place: _iam_tls(place, "elsewhere.example.org"), (SETUP, LATER), "certificate"),
    "TLS that has expired": Case(lambda place: _iam_tls(place, "localhost", "127.0.0.1", days=-1), (SETUP, LATER), "certificate"),
    "yesterday's version": Case(_yesterday, (0,), "nothing changed"),
    # Both are told as what they look like, 'made, and nobody saw it in force', and again when it is in force.
    "half of yesterday's": Case(_half_of_yesterday, (0,), "nobody saw it in force", mails=2),
    "replicas that disagree": Case(_not_default, (0, LATER), mails=2),
    "ListPolicies loses a page": Case(_lost_page, (0,), args=("check", "--all")),
    "ListPolicies never ends": Case(_endless, (LATER, PART, SETUP), args=("check", "--all")),
}  # fmt: skip
SMTP = {
    "nobody listens": Case(_nobody_listens("POLICY_TRACKER_MAIL__PORT", "{}"), (PART,), "mail waits"),
    "DNS gone": Case(lambda _: {"POLICY_TRACKER_MAIL__HOST": "mail.policy-tracker.invalid"}, (PART, SETUP), "mail waits"),
    "silence for a greeting": Case(_smtp(HANG), (PART,), "mail waits"),
    "421 for a greeting": Case(_smtp("421 4.3.2 closing"), (PART,), "mail waits"),
    "554 for a greeting": Case(_smtp("554 5.7.1 not for you"), (PART, SETUP), "mail waits"),
    "garbage for a greeting": Case(_smtp(b"\x16\x03\x01\x00\x02\xff\xff\r\n", DROP), (PART, SETUP), "mail waits"),
    "HTTP on that port": Case(_smtp("HTTP/1.1 400 Bad Request", DROP), (PART, SETUP), "mail waits"),
    "450 for every recipient": Case(_sink("RCPT", "450 4.2.1 try again later"), (0, PART), "put off"),
    "451 for the sender": Case(_sink("MAIL", "451 4.7.1 greylisted"), (0, PART), "put off|mail waits"),
    "452 after DATA": Case(_sink("DATA", "452 4.3.1 no space left here"), (0, PART), "put off|mail waits"),
    "421 after DATA": Case(_sink("DATA", "421 4.3.2 closing"), (0, PART), "mail waits|put off"),
    "hangs after DATA": Case(_sink("DATA", HANG), (0, PART), "mail waits|put off", twice=3),
    "drops after DATA": Case(_sink("DATA", DROP), (0, PART), "mail waits|put off", twice=3),
    "drops after MAIL": Case(_sink("MAIL", DROP), (0, PART), "mail waits|put off"),
    "TLS of another name": Case(lambda place: _smtp_tls(place, "elsewhere.example.org"), (PART, SETUP), "certificate"),
    "TLS that has expired": Case(lambda place: _smtp_tls(place, "localhost", days=-1), (PART, SETUP), "certificate"),
    "no STARTTLS": Case(lambda _: {"POLICY_TRACKER_MAIL__SECURITY": "starttls"}, (PART, SETUP), "STARTTLS"),
    "a login that it does not offer": Case(lambda _: {"POLICY_TRACKER_MAIL__USERNAME": "me", "POLICY_TRACKER_MAIL__PASSWORD": "secret-word"}, (PART, SETUP), "login|logged|AUTH"),
}  # fmt: skip
CASES = {
    **{f"AWS: {name}": case for name, case in AWS.items()},
    **{f"SMTP: {name}": case for name, case in SMTP.items()},
}


def whole(seed: int) -> list[str]:
    """Every fault of the table."""
    return campaign(seed, list(CASES))


def campaign(seed: int, names: list[str]) -> list[str]:
    """These faults in an order drawn by the seed; what is wrong, a sentence each."""
    with begun() as (folder, forks):
        return fault_each(folder, forks, random.Random(seed).sample(names, len(names)))


def fault_each(folder: Path, forks: Forks, names: list[str]) -> list[str]:
    """The same beside a tracker that was made already, `made` in the folder."""
    found, codes = [], Counter[int]()
    for name in names:
        with Place(folder / "network", forks, made=folder / "made" / "home") as place:
            said, wrong = _driven(place, CASES[name])
            codes[said.code] += 1
            found += [f"{name}: {one}" for one in wrong]
        shutil.rmtree(folder / "network")
    print(f"{len(names)} faults, {sum(one.startswith('AWS') for one in names)} of AWS and {sum(one.startswith('SMTP') for one in names)} "
          f"of mail servers; `check` ended with {', '.join(f'{code} ({count})' for code, count in sorted(codes.items()))}")  # fmt: skip
    return found


def _driven(place: Place, case: Case) -> tuple[Said, list[str]]:
    place.publish()
    more = case.spoil(place)
    variables = {**case.more, **(more if isinstance(more, dict) else {})}
    said = place.run(*case.args, **variables)
    found = said.wrong(case.codes, case.says)
    if "secret-word" in said.out + said.err:
        found.append("a password is shown")
    place.iam.calm()
    place.sink.calm()
    place.end_leases()
    if "AWS_CA_BUNDLE" in variables:  # it speaks TLS for good: another takes its place
        place.renew_iam()
        place.publish()
    if case.args != ("check",):
        place.run(*case.args)
        place.run("check")
        found += [f"afterwards verify: {one}" for one in place.run("verify").wrong([0])]
        removed = [line for line in place.lines() if line["version"] is None]
        return said, found + ([f"a policy was taken for removed: {removed}"] if removed else [])
    return said, found + place.wrong(twice=case.twice, mails=case.mails)
