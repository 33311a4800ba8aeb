"""Each fault of AWS, of the network or of a proxy: its own message, its advice, its exit code, from a real server."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sources.worlds import ARN, V19, V20, document, known
from tests.support.fake_iam import FakeIam
from tests.support.iam_replies import (
    Reply,
    answer,
    cut_off,
    expired_token,
    fault,
    hang_up,
    html,
    invalid_token,
    silence,
    throttled,
)
from tracker.errors import (
    CredentialsError,
    InputError,
    PermissionDeniedError,
    SetupError,
    SourceUnavailableError,
    TrackerError,
)
from tracker.model.asking import Known
from tracker.model.identity import PolicyArn
from tracker.sources.iam import IamSource
from tracker.sources.iam_faults import translate
from tracker.store.counts import AwsCalls

NOWHERE = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}


def look(source: IamSource, arn: PolicyArn = ARN) -> TrackerError:
    """The fault that one look ends with; its message names the policy, its advice is there, both on one line."""
    with pytest.raises(TrackerError) as caught:
        source.look(arn, known(V19))
    error = caught.value
    assert str(arn) in str(error)
    assert error.advice
    assert "\n" not in str(error) + error.advice
    return error


@dataclass(frozen=True)
class Case:
    reply: Callable[[FakeIam], Reply]
    kind: type[TrackerError]
    exit_code: int
    says: str  # in the message
    advises: str
    calls: int = 2  # what the server received: 2 where it was tried again
    outcome: str = ""  # as what the call counts; empty: what OUTCOME says of the kind


OUTCOME = {
    CredentialsError: "credentials", PermissionDeniedError: "denied", SourceUnavailableError: "unavailable",
    InputError: "refused", SetupError: "refused",
}  # fmt: skip


XHTML = b'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Please sign in</p></body></html>'
CASES = {
    "expired token": Case(lambda _: expired_token(), CredentialsError, 4, "the AWS session has expired", "Sign in again", 1),
    "invalid token": Case(lambda _: invalid_token(), CredentialsError, 4, "does not accept these credentials", "partition", 1),
    "wrong secret": Case(
        lambda _: fault("SignatureDoesNotMatch", 403, "The request signature we calculated does not match"),
        CredentialsError, 4, "does not accept these credentials", "Check the key", 1,
    ),
    "wrong clock": Case(
        lambda _: fault("SignatureDoesNotMatch", 403, "Signature expired: 20211221T000000Z is now earlier than"),
        CredentialsError, 4, "refuses the time of the signature", "clock", 1,
    ),
    "access denied without a sentence": Case(
        lambda _: fault("AccessDenied", 403, ""), PermissionDeniedError, 4, "iam:GetPolicy is missing (AccessDenied)", "Allow iam:GetPolicy", 1
    ),
    "throttled until the bound": Case(lambda _: throttled(), SourceUnavailableError, 75, "throttled, in all 2 attempts", "Wait", outcome="throttled"),
    "too many requests": Case(lambda _: html(429), SourceUnavailableError, 75, "HTTP 429", "proxy"),
    "a request that IAM refuses": Case(
        lambda _: fault("ValidationError", 400, "1 validation error detected"), InputError, 2, "1 validation error", "ARN", 1
    ),
    "500": Case(lambda _: fault("InternalFailure", 500, "oops"), SourceUnavailableError, 75, "HTTP 500 (InternalFailure: oops)", "Wait"),
    "503": Case(lambda _: fault("ServiceUnavailable", 503, "wait"), SourceUnavailableError, 75, "HTTP 503 (ServiceUnavailable: wait)", "Wait"),
    "a proxy's page with 200": Case(
        lambda _: html(200), SourceUnavailableError, 75, "HTTP 200, the answer is not IAM's, it begins with '<!DOCTYPE html>", "proxy", 1
    ),
    "a proxy's XHTML with 200": Case(
        lambda _: Reply(XHTML, content_type="text/html"), SourceUnavailableError, 75, "is not IAM's", "proxy", 1
    ),
    "a proxy's page with 502": Case(lambda _: html(502), SourceUnavailableError, 75, "HTTP 502, the answer is not IAM's", "proxy"),
    "a proxy's page with 503": Case(lambda _: html(503), SourceUnavailableError, 75, "HTTP 503, the answer is not IAM's", "proxy"),
    "a proxy's page with 403": Case(lambda _: html(403), SetupError, 4, "HTTP 403, the answer is not IAM's", "proxy", 1),
    "a proxy that wants a login": Case(lambda _: html(407), SetupError, 4, "HTTP 407", "proxy", 1),
    "another server's 404": Case(lambda _: html(404), SetupError, 4, "HTTP 404", "AWS_ENDPOINT_URL_IAM", 1),
    "an empty body": Case(lambda _: Reply(b""), SourceUnavailableError, 75, "the answer is empty", "proxy"),
    "an empty body with 500": Case(lambda _: Reply(b"", 500), SourceUnavailableError, 75, "HTTP 500, the answer is empty", "proxy"),
    "an answer without its fields": Case(
        lambda _: answer("GetPolicy", "<Policy><DefaultVersionId>v1</DefaultVersionId></Policy>"),
        SourceUnavailableError, 75, "it has no UpdateDate", "proxy", 1, "answered",
    ),
    "an answer with an odd date": Case(
        lambda iam: Reply(iam.get_policy(str(ARN)).body.replace(b"2021-10-26T20:11:09Z", b"yesterday")),
        SourceUnavailableError, 75, "a date that is none", "proxy", 1,
    ),
    "a refusal that nobody knows": Case(
        lambda _: fault("InvalidAction", 400, "Could not find operation GetPolicy"), SetupError, 4, "HTTP 400 (InvalidAction", "proxy", 1
    ),
    "an answer with an odd version": Case(
        lambda _: answer("GetPolicy", "<Policy><DefaultVersionId>latest</DefaultVersionId></Policy>"),
        SourceUnavailableError, 75, "'latest'", "proxy", 1, "answered",
    ),
    "XML that ends in the middle": Case(
        lambda iam: Reply(iam.get_policy(str(ARN)).body[:200]), SourceUnavailableError, 75, "cut off after 200 bytes", "proxy"
    ),
    "a body cut off on the way": Case(
        lambda iam: cut_off(iam.get_policy(str(ARN)), sent=300), SourceUnavailableError, 75, "cut off after 300 bytes", "proxy"
    ),
    "XML that is broken inside": Case(
        lambda iam: Reply(iam.get_policy(str(ARN)).body.replace(b"</Arn>", b"")),
        SourceUnavailableError, 75, "the answer is no XML: Unable to parse response (mismatched tag", "proxy", 1,
    ),
    "IAM's form with nothing in it": Case(
        lambda iam: Reply(b"<GetPolicyResponse></GetPolicyResponse>"), SourceUnavailableError, 75, "not IAM's", "proxy", 1
    ),
    "a connection closed without a word": Case(lambda _: hang_up(), SourceUnavailableError, 75, "broke before", "network"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_fault_has_its_message_its_advice_and_its_exit_code(case: Case, iam: FakeIam) -> None:
    iam.always("GetPolicy", case.reply(iam))
    calls = AwsCalls()
    with closing(IamSource(attempts=2, connect_timeout_s=2, read_timeout_s=2, note=calls.note)) as source:
        error = look(source)
    assert type(error) is case.kind
    assert error.exit_code == case.exit_code
    assert case.says in str(error)
    assert case.advises in error.advice
    assert str(error).startswith("GetPolicy of ")
    assert iam.actions == ["GetPolicy"] * case.calls
    noted = dict(calls.take())
    assert noted.pop(("GetPolicy", "retried"), 0) in (case.calls - 1, 0)
    assert noted == {("GetPolicy", case.outcome or OUTCOME[case.kind]): 1}


@pytest.mark.parametrize("action", ["GetPolicy", "GetPolicyVersion", "ListPolicyVersions"])
def test_access_denied_names_the_action_that_is_missing(action: str, iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])
    iam.deny(f"iam:{action}")
    error = look(source)
    assert isinstance(error, PermissionDeniedError)
    assert error.exit_code == 4
    assert f"iam:{action} is missing" in str(error)
    assert (
        error.advice == f"Allow iam:{action} to this identity; docs/iam-permissions.md has the whole policy."
    )


@pytest.mark.parametrize(
    "reply",
    [throttled(), fault("InternalFailure", 500, ""), html(502), Reply(b""), hang_up()],
    ids=["throttled", "500", "a page with 502", "nothing", "hung up"],
)
def test_what_passes_is_tried_again_and_nothing_is_said(
    reply: Reply, iam: FakeIam, source: IamSource
) -> None:
    iam.next("GetPolicy", reply)
    assert source.look(ARN, known(V19)).default == V19
    assert iam.actions == ["GetPolicy", "GetPolicy"]


def test_a_body_cut_off_in_the_document_leaves_nothing_behind(iam: FakeIam, source: IamSource) -> None:
    whole = iam.get_policy_version(str(ARN), "v19")
    iam.always("GetPolicyVersion", cut_off(whole, sent=len(whole.body) // 2))
    with pytest.raises(
        SourceUnavailableError,
        match=r"GetPolicyVersion of .* v19: HTTP 200, the answer is cut off after \d+ bytes",
    ):
        source.look(ARN, Known())


def test_a_silent_server_is_left_after_the_time_out(iam: FakeIam) -> None:
    iam.always("GetPolicy", silence())
    source = IamSource(attempts=2, read_timeout_s=0.3)
    error = look(source)
    assert isinstance(error, SourceUnavailableError)
    assert f"time-out, {iam.url}/ never answered in time, in all 2 attempts" in str(error)
    assert len(iam.calls) == 2
    source.close()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], IamSource]]:
    """A source with good credentials that asks the endpoint it is given."""
    made = []
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)

    def make(endpoint: str) -> IamSource:
        monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", endpoint)
        made.append(IamSource(attempts=1, connect_timeout_s=0.5, read_timeout_s=0.5))
        return made[-1]

    yield make
    for source in made:
        source.close()


def test_a_refused_connection(elsewhere: Callable[[str], IamSource]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        error = look(elsewhere(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert isinstance(error, SourceUnavailableError)
    assert "refuses the connection" in str(error)


def test_a_connection_that_never_comes_about(elsewhere: Callable[[str], IamSource]) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(4):  # fill the queue of a server that never accepts
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        error = look(elsewhere(f"http://127.0.0.1:{full.getsockname()[1]}"))
        for one in waiting:
            one.close()
    assert isinstance(error, SourceUnavailableError)
    assert "never could be connected to in time, in 1 attempt" in str(error)


def test_a_name_that_does_not_resolve(elsewhere: Callable[[str], IamSource]) -> None:
    error = look(elsewhere("http://iam.policy-tracker.invalid"))
    assert isinstance(error, SourceUnavailableError)
    assert "the host name of http://iam.policy-tracker.invalid/ does not resolve (DNS)" in str(error)


def test_a_proxy_that_is_not_there(iam: FakeIam, source: IamSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{taken.getsockname()[1]}")
        error = look(source)
    assert isinstance(error, SourceUnavailableError)
    assert "the proxy can't be reached" in str(error)


@pytest.mark.parametrize("endpoint", ["localhost:5000", "https://", "not an address"])
def test_an_endpoint_that_is_no_address(endpoint: str, elsewhere: Callable[[str], IamSource]) -> None:
    error = look(elsewhere(endpoint))
    assert isinstance(error, SetupError)
    assert error.exit_code == 4
    assert "AWS settings" in str(error)


def test_no_credentials(iam: FakeIam, source: IamSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    error = look(source)
    assert isinstance(error, CredentialsError)
    assert (error.exit_code, iam.calls) == (4, [])
    assert "no AWS credentials found" in str(error)


def test_credentials_that_were_renewed_are_taken_up(
    iam: FakeIam, source: IamSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam.next("GetPolicy", expired_token())
    assert isinstance(look(source), CredentialsError)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDRENEWED")
    assert source.look(ARN, known(V19)).default == V19
    assert [call.access_key for call in iam.calls] == ["AKIDEXAMPLE", "AKIDRENEWED"]


def test_what_is_nobodys_fault_but_ours_is_not_dressed_up() -> None:
    assert translate(KeyError("x"), "GetPolicy", str(ARN), 1) is None


def test_half_of_the_credentials(iam: FakeIam, source: IamSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    error = look(source)
    assert isinstance(error, CredentialsError)
    assert "incomplete" in str(error)


def test_a_profile_that_is_not_there(iam: FakeIam) -> None:
    error = look(IamSource(profile="audit"))
    assert isinstance(error, CredentialsError)
    assert "audit" in str(error)
    assert "list-profiles" in error.advice


def test_a_sign_in_session_that_is_not_there(
    iam: FakeIam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile work]\nsso_session = w\nsso_account_id = 123456789012\nsso_role_name = audit\n"
        "[sso-session w]\nsso_region = us-east-1\nsso_start_url = https://work.invalid/start\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    error = look(IamSource(profile="work"))
    assert isinstance(error, CredentialsError)
    assert "sign-in session" in str(error)
    assert "aws sso login" in error.advice


def test_a_settings_file_of_aws_that_is_broken(
    iam: FakeIam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("region = us-east-1\n[default\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    error = look(IamSource())
    assert type(error) is SetupError
    assert str(tmp_path / "config") in str(error)


def test_a_partition_that_nobody_knows(iam: FakeIam, source: IamSource) -> None:
    error = look(source, PolicyArn("aws-moon", "ReadOnlyAccess"))
    assert type(error) is SetupError
    assert "'aws-moon'" in str(error)
