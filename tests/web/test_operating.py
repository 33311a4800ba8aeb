"""What is open beside reading: reports of bounces that AWS signed, and the operator with the admin token. Else neither is there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.delivery.test_bounces import CERTIFICATE, PEM, bounce_of, dsn, sns
from tests.delivery.test_bounces import TOPIC as LISTED
from tests.support.world import READ_ONLY, SUPPORT, World, allowing
from tests.web.worlds import web_world
from tracker import service
from tracker.bootstrap import open_tracker
from tracker.cli.health import Finding, examine
from tracker.delivery.intake import Intake
from tracker.errors import RefusedError, SettingsError, SetupError
from tracker.settings import load_settings
from tracker.web.admin import Admin
from tracker.web.app import make_app
from tracker.web.doors import Doors, doors_of
from tracker.web.serving import listening

TOKEN = "0123456789abcdef0123456789abcdef"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A tracker with a version on record and one subscriber."""
    world = web_world(tmp_path)
    world.aws.publish(SUPPORT, "v1", world.clock(), allowing("s3:ListBucket"))
    service.check(world.tracker, [SUPPORT])
    world.subscribe("anna@example.org")
    return world


class Aws:
    """Where certificates are fetched, and how often."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False

    def fetch(self, url: str) -> bytes:
        """The certificate."""
        self.asked.append(url)
        if self.down:
            raise RefusedError("AWS answered 500", permanent=False)
        return PEM


@pytest.fixture
def aws() -> Aws:
    """AWS."""
    return Aws()


@pytest.fixture
def hook(world: World, aws: Aws) -> Iterator[TestClient]:
    """A server that takes in reports."""
    intake = Intake(world.tracker.database, "example.org", [LISTED], aws.fetch, after=2)
    with TestClient(
        make_app(world.tracker, doors=Doors(intake=lambda: intake)), base_url="http://localhost"
    ) as client:
        yield client


def state(world: World) -> str:
    return world.tracker.subscribers.get("anna@example.org").state


def post(client: TestClient, raw: bytes) -> int:
    # As SNS sends it: https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html
    headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
    return client.post("/hooks/sns", content=raw, headers=headers).status_code


def test_bounces_by_sns_are_counted_once_each_and_end_a_subscription(
    world: World, aws: Aws, hook: TestClient
) -> None:
    assert post(hook, sns(bounce_of("anna@example.org"), "1")) == 204
    assert post(hook, sns(bounce_of("anna@example.org"), "1")) == 204  # SNS sends some twice
    assert state(world) == "active"
    assert post(hook, sns(bounce_of("anna@example.org"), "2", version="1")) == 204
    assert state(world) == "bounced"
    assert aws.asked == [CERTIFICATE]  # once


def test_a_topic_is_subscribed_to_where_it_is_listed(aws: Aws, hook: TestClient) -> None:
    url = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={LISTED}&Token=abc"
    assert post(hook, sns("confirm", kind="SubscriptionConfirmation", SubscribeURL=url, Token="abc")) == 204
    assert aws.asked == [CERTIFICATE, url]
    other = sns("confirm", kind="SubscriptionConfirmation", SubscribeURL="https://evil.example/", Token="abc")
    assert post(hook, other) == 400  # nothing in it to take in
    assert "https://evil.example/" not in aws.asked


def test_what_is_forged_or_is_no_report_changes_nothing(world: World, aws: Aws, hook: TestClient) -> None:
    good = sns(bounce_of("anna@example.org"))
    for raw, status in (
        (good.replace(b"Permanent", b"permanent"), 400), (sns(bounce_of("anna@example.org"), TopicArn=LISTED + "x"), 400),
        (sns(bounce_of("anna@example.org"), SigningCertURL="https://evil.example/x.pem"), 400), (b"", 400), (b"{", 400),
        (b"[" * 100_000, 400), (b"{" + b'"a":{' * 5_000, 400), (dsn("anna@example.org", "<x@example.org>"), 400), (b"{" + b" " * 700_000, 413),
    ):  # fmt: skip
        answer = hook.post("/hooks/sns", content=raw)
        assert answer.status_code == status, raw[:60]
        assert answer.headers["content-type"] == "application/problem+json"
    aws.down = True
    assert post(hook, sns(bounce_of("anna@example.org"), SigningCertURL=CERTIFICATE.replace("abcdef.pem", "000000.pem"))) == 503  # SNS tries again  # fmt: skip
    assert state(world) == "active"
    assert hook.get("/hooks/sns").status_code == 404
    assert all("evil" not in url for url in aws.asked)


def test_without_a_topic_or_a_token_there_are_no_such_routes(world: World) -> None:
    with TestClient(make_app(world.tracker), base_url="http://localhost") as client:
        assert post(client, sns(bounce_of("anna@example.org"))) == 405
        assert client.get("/hooks/sns").status_code == 404
        for path in ("check", "outbox/retry", "outbox/1/retry"):
            assert client.post(f"/api/v1/admin/{path}", headers=BEARER).status_code == 405
        assert client.get("/api/v1/admin/outbox", headers=BEARER).status_code == 404
    assert state(world) == "active"


@pytest.fixture
def operator(world: World) -> Iterator[TestClient]:
    """A server with an admin token."""
    app = make_app(world.tracker, doors=Doors(admin=Admin(TOKEN)))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_the_token_is_needed_in_the_header_and_nowhere_else(
    world: World, operator: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    wrong: list[dict[str, Any]] = [
        {}, {"authorization": TOKEN}, {"authorization": f"Basic {TOKEN}"}, {"authorization": "Bearer "}, {"authorization": "Bearer"},
        {"authorization": f"Bearer {TOKEN[:-1]}"}, {"authorization": f"Bearer {TOKEN}0"}, {"authorization": f"Bearer {TOKEN.upper()}"},
        {"cookie": f"admin={TOKEN}"}, {"x-admin-token": TOKEN},
    ]  # fmt: skip
    paths = ("check", "outbox/retry", "outbox/1/retry")
    for headers in wrong:
        for path in paths:
            answer = operator.post(
                f"/api/v1/admin/{path}?token={TOKEN}&access_token={TOKEN}", headers=headers
            )
            assert answer.status_code == 401, (path, headers)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert "access-control-allow-origin" not in answer.headers
        assert operator.get("/api/v1/admin/outbox", headers=headers).status_code == 401
    assert world.aws.looked_at() == [SUPPORT.name]  # the look of the fixture
    operator.get("/api/v1/admin/outbox", headers=BEARER)
    told = "\n".join(
        f"{one.getMessage()} {one.__dict__}" for one in caplog.records if one.name.startswith("tracker")
    )
    assert "/api/v1/admin/check" in told
    assert TOKEN not in told
    assert TOKEN not in repr(Admin(TOKEN))
    assert "/admin/" not in operator.get("/api/v1/openapi.json").text


def test_an_operator_forces_a_look(world: World, operator: TestClient) -> None:
    world.aws.publish(SUPPORT, "v2", world.clock.forward(days=1), allowing("s3:ListBucket", "s3:GetObject"))
    world.aws.publish(READ_ONLY, "v1", world.clock(), allowing("s3:List*"))
    told = operator.post("/api/v1/admin/check", headers=BEARER).json()
    assert (told["type"], len(told["changes"]), told["failed"]) == ("check", 1, [])
    assert len(world.mailbox.subjects("anna@example.org")) == 1
    named = operator.post("/api/v1/admin/check", headers=BEARER, json={"policies": ["ReadOnlyAccess"]}).json()
    assert named["checked"] == [str(READ_ONLY)]
    bodies: tuple[Any, ...] = ({"policies": "x"}, {"policies": [1]}, {"other": []}, [])
    for body in bodies:
        assert operator.post("/api/v1/admin/check", headers=BEARER, json=body).status_code == 400
    assert operator.post("/api/v1/admin/check", headers=BEARER, content=b"{").status_code == 400
    half = operator.post("/api/v1/admin/check", headers=BEARER, content=rb'{"policies": ["A\ud800"]}')
    assert (half.status_code, half.json()["detail"]) == (404, "AWS has no policy A\ud800")
    world.aws.out_of_order("AWS is down")
    failed = operator.post("/api/v1/admin/check", headers=BEARER).json()
    assert failed["failed"][0]["error"] == "AWS is down"


def test_an_operator_sends_again_and_is_shown_no_address(world: World) -> None:
    class Broken:
        """A channel that gives up for good, and repeats whom it can't reach."""

        def send(self, _: object) -> str:
            """Refuse."""
            raise RefusedError("550 no such user anna@example.org", permanent=True)

        def close(self) -> None:
            """Nothing to close."""

    broken = replace(world.tracker, channel=Broken)
    world.aws.publish(SUPPORT, "v2", world.clock.forward(days=1), allowing("s3:ListBucket", "s3:GetObject"))
    service.check(broken, [SUPPORT])
    with TestClient(
        make_app(world.tracker, doors=Doors(admin=Admin(TOKEN))), base_url="http://localhost"
    ) as client:
        shown = client.get("/api/v1/admin/outbox", headers=BEARER)
        failed = [row for row in shown.json()["items"] if row["state"] == "failed"]
        assert failed[0]["answer"] == "550 no such user a***@example.org"
        assert "anna" not in shown.text
        again = client.post(f"/api/v1/admin/outbox/{failed[0]['id']}/retry", headers=BEARER)
        assert again.json()["tried_again"] == 1
        assert again.json()["sent"] >= 1
        assert len(world.mailbox.subjects("anna@example.org")) == 1
        assert client.post(f"/api/v1/admin/outbox/{failed[0]['id']}/retry", headers=BEARER).status_code == 400
        assert client.post("/api/v1/admin/outbox/999/retry", headers=BEARER).status_code == 400
        assert client.post("/api/v1/admin/outbox/x/retry", headers=BEARER).status_code == 400
        assert client.post("/api/v1/admin/outbox/retry", headers=BEARER).status_code == 200


def settings_of(folder: Path, text: str, **environ: str) -> Doors:
    folder.mkdir(exist_ok=True)
    (folder / "policy-tracker.toml").write_text(text)
    return doors_of(load_settings(folder, environ))


def test_doors_open_by_settings(tmp_path: Path) -> None:
    mail = '[mail]\nhost = "localhost"\nsender = "t@example.org"\noperator = "o@example.org"\n'
    base = 'base_url = "https://tracker.example.org"\n'
    shut = settings_of(tmp_path, "")
    assert "has set base_url and mail.host and mail.sender and mail.operator" in shut.closed
    assert (shut.intake, shut.admin) == (None, None)
    assert settings_of(tmp_path, base + mail).closed == ""
    assert "switched off" in settings_of(tmp_path, base + mail + '[web]\nsign_up = "closed"\n').closed
    topic = f'[channels]\nses_topics = ["{LISTED}"]\n'
    intake = settings_of(tmp_path, mail + topic).intake
    assert intake is not None
    assert intake().topics == (LISTED,)
    admin = settings_of(tmp_path, "", POLICY_TRACKER_WEB__ADMIN_TOKEN=TOKEN).admin
    assert admin is not None
    assert admin.fits(TOKEN)
    assert not admin.fits("")


def doctored(folder: Path) -> list[Finding]:
    """What doctor says of the admin token."""
    settings = load_settings(folder, {})
    return [
        one for one in examine(open_tracker(settings), settings, offline=True) if one.what == "admin token"
    ]


def test_a_token_that_others_can_read_or_guess_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    named = '[web]\nadmin_token_file = "token"\n'
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="everybody may read it"):
        settings_of(tmp_path, named)
    file.chmod(0o600)
    admin = settings_of(tmp_path, named).admin
    assert admin is not None
    assert admin.fits(TOKEN)
    assert [one.state for one in doctored(tmp_path)] == ["ok"]
    file.write_text("too short")
    with pytest.raises(SettingsError, match="has 9 characters"):
        settings_of(tmp_path, named)
    assert [(one.state, one.exit_code) for one in doctored(tmp_path)] == [("wrong", 4)]
    (tmp_path / "policy-tracker.toml").chmod(0o644)
    with pytest.raises(SettingsError, match="everybody may read it"):
        settings_of(tmp_path, f'[web]\nadmin_token = "{TOKEN}"\n')
    with pytest.raises(SettingsError, match="both set"):
        settings_of(tmp_path, named + f'admin_token = "{TOKEN}"\n')
    with pytest.raises((SettingsError, SetupError), match="command line"):
        load_settings(tmp_path, {}, {"web.admin_token": TOKEN})


def test_who_reaches_the_pages_and_who_is_believed_is_set_by_flag_or_setting(tmp_path: Path) -> None:
    (tmp_path / "policy-tracker.toml").write_text(
        'base_url = "https://tracker.example.org/x"\n[web]\nhosts = ["other.example.org"]\nproxies = ["10.0.0.0/8"]\n'
    )
    settings = load_settings(tmp_path, {})
    where = listening(settings, "127.0.0.1", 0, (), ())
    assert (where.hosts, where.proxies) == (("other.example.org", "tracker.example.org"), "10.0.0.0/8")
    where = listening(settings, "127.0.0.1", 0, ("flag.example.org",), ("192.0.2.1", "192.0.2.2"))
    assert (where.hosts, where.proxies) == (
        ("flag.example.org", "tracker.example.org"),
        "192.0.2.1,192.0.2.2",
    )
    (tmp_path / "policy-tracker.toml").write_text("")
    assert listening(load_settings(tmp_path, {}), "127.0.0.1", 0, (), ()).hosts == ()
