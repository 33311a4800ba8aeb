"""A webhook gets the JSON record, signed; the page's own snippet verifies it and refuses what it must."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.conftest import NOW, message
from tests.support.http_receiver import HttpReceiver
from tracker.delivery.channel import Parcel
from tracker.delivery.channels.outgoing import Outgoing
from tracker.delivery.channels.webhook import REPLAY_WINDOW_S, WebhookChannel, sign
from tracker.errors import RefusedError, SettingsError
from tracker.model.message import Form

PAGE = Path(__file__).resolve().parents[3] / "docs" / "channels" / "webhook.md"
RECORD = '{"schema": 1, "type": "change", "headline": "é"}'
SECRET = "a shared secret"


def channel(secret: str = SECRET) -> WebhookChannel:
    return WebhookChannel(Outgoing(["127.0.0.0/8"], timeout_s=2), secret, lambda: NOW)


def parcel(url: str, **changed: Any) -> Parcel:
    return Parcel(message(forms=(Form("json", RECORD),), **changed), url, NOW, channel="webhook")


def verify() -> Any:
    """The function that docs/channels/webhook.md gives to receivers, as it stands there."""
    (snippet,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(snippet, str(PAGE), "exec"), names)
    return names["verify"]


def test_the_pages_snippet_verifies_what_is_sent() -> None:
    with HttpReceiver() as receiver:
        assert channel().send(parcel(receiver.url())) == "200 ok"
    (got,) = receiver.got
    assert got.body.decode() == RECORD
    assert got.headers["content-type"] == "application/json"
    assert got.headers["policy-tracker-id"] == "8d7c5f0e"
    now = NOW.timestamp()
    assert verify()(SECRET, got.headers, got.body, now)
    assert verify()(SECRET, got.headers, got.body, now + REPLAY_WINDOW_S - 1)
    assert not verify()(SECRET, got.headers, got.body, now + REPLAY_WINDOW_S + 1), "replayed later"
    assert not verify()(SECRET, got.headers, got.body, now - REPLAY_WINDOW_S - 1), "from the future"
    assert not verify()("another", got.headers, got.body, now)
    assert not verify()(SECRET, got.headers, got.body + b" ", now)
    other = {**got.headers, "policy-tracker-timestamp": str(int(now) + 1)}
    assert not verify()(SECRET, other, got.body, now), "the moment is signed, too"
    for missing in ("policy-tracker-timestamp", "policy-tracker-signature"):
        assert not verify()(SECRET, {k: v for k, v in got.headers.items() if k != missing}, got.body, now)
    assert not verify()(SECRET, {**got.headers, "policy-tracker-timestamp": "soon"}, got.body, now)


def test_the_page_names_the_window() -> None:
    assert f"{REPLAY_WINDOW_S} seconds" in PAGE.read_text()


def test_the_signature_is_this() -> None:
    # echo -n '0.{}' | openssl dgst -sha256 -hmac key
    assert sign("key", "0", b"{}") == "7314351dd949aa7ec06f50fc2c96e618291447672c9b7f10b49d1ce46dad00b3"


def test_what_is_no_change_is_sent_as_a_message() -> None:
    with HttpReceiver() as receiver:
        channel().send(Parcel(message("test/1"), receiver.url(), NOW, channel="webhook"))
    body = json.loads(receiver.got[0].body)
    assert (body["type"], body["schema"], body["id"]) == ("message", 1, "test/1")
    assert body["text"].startswith("AWS Support can now")


def test_nothing_is_sent_unsigned() -> None:
    with HttpReceiver() as receiver, pytest.raises(SettingsError, match="no webhook secret"):
        channel("").send(parcel(receiver.url()))
    assert not receiver.got


def test_a_refusal_does_not_repeat_the_path() -> None:
    with HttpReceiver(answers=[404, 503]) as receiver:
        for permanent in (True, False):
            with pytest.raises(RefusedError) as refused:
                channel().send(parcel(receiver.url("/T0/secret")))
            assert refused.value.permanent is permanent
            assert "secret" not in str(refused.value)


def test_the_same_body_has_another_signature_later() -> None:
    later = WebhookChannel(
        Outgoing(["127.0.0.0/8"], timeout_s=2), SECRET, lambda: datetime(2027, 1, 1, tzinfo=UTC)
    )
    with HttpReceiver() as receiver:
        channel().send(parcel(receiver.url()))
        later.send(parcel(receiver.url()))
    first, second = receiver.got
    assert first.body == second.body
    assert first.headers["policy-tracker-id"] == second.headers["policy-tracker-id"]
    assert first.headers["policy-tracker-signature"] != second.headers["policy-tracker-signature"]
