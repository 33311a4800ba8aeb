"""A webhook: the JSON record of a change, POSTed, with a signature over the moment and the body.

    Policy-Tracker-Timestamp: 1766361600
    Policy-Tracker-Signature: v1=<hex of HMAC-SHA256(secret, timestamp + "." + body)>
    Policy-Tracker-Id: <the changelog's id, the same at every attempt>

A receiver refuses a timestamp that is more than REPLAY_WINDOW from its own clock, and an id that it has seen.
"""

import hmac
import json
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from tracker.delivery.channel import Parcel
from tracker.delivery.channels.outgoing import Outgoing, host_of, judge
from tracker.errors import SettingsError

REPLAY_WINDOW_S = 300  # what docs/channels/webhook.md tells receivers to allow


class WebhookChannel:
    """A Channel that is any HTTP server of a subscriber's."""

    def __init__(self, outgoing: Outgoing, secret: str, clock: Callable[[], datetime]) -> None:
        self._outgoing, self._secret, self._clock = outgoing, secret, clock

    def send(self, parcel: Parcel) -> str:
        """POST the record. Raises SettingsError without a secret: nothing is sent that can't be verified."""
        self._require_secret()
        body = record_of(parcel).encode()
        timestamp = str(int(self._clock().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Policy-Tracker-Id": parcel.message.changelog.encode("ascii", "backslashreplace").decode(),
            "Policy-Tracker-Timestamp": timestamp,
            "Policy-Tracker-Signature": f"v1={sign(self._secret, timestamp, body)}",
        }
        return judge(self._outgoing.post(parcel.recipient, body, headers), host_of(parcel.recipient))

    def probe(self, address: str) -> str:
        """Connect, and send nothing."""
        self._require_secret()
        return self._outgoing.probe(address)

    def close(self) -> None:
        """Nothing is kept open."""

    def _require_secret(self) -> None:
        if not self._secret:
            raise SettingsError(
                "no webhook secret is set, so nothing can be signed",
                advice="set channels.webhook_secret_file; its receivers need the same secret",
            )


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Hexadecimal HMAC-SHA256 over the timestamp, a full stop, and the body as it is sent."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()


def record_of(parcel: Parcel) -> str:
    """The JSON record that a message is about; of one that is about none (a test, a notice), its text."""
    message = parcel.message
    if record := message.form("json"):
        return record
    plain = {
        "schema": 1,
        "type": "message",
        "id": message.changelog,
        "subject": message.subject,
        "text": message.text,
    }
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)
