"""Slack: an incoming webhook, given the blocks that changelog/cards.py built.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

import json

from tracker.delivery.channel import Parcel
from tracker.delivery.channels.outgoing import Outgoing, host_of, judge

_TEXT = 3_000  # characters of a text that comes without blocks


class SlackChannel:
    """A Channel that is Slack, or a chat that takes the same."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    def send(self, parcel: Parcel) -> str:
        """Post one message. Slack says 'ok'; what it refuses (no_service, invalid_blocks) it refuses for good."""
        body = parcel.message.form("slack") or _plain(parcel)
        reply = self._outgoing.post(parcel.recipient, body.encode(), {"Content-Type": "application/json"})
        return judge(reply, host_of(parcel.recipient))

    def probe(self, address: str) -> str:
        """Connect, and send nothing."""
        return self._outgoing.probe(address)

    def close(self) -> None:
        """Nothing is kept open."""


def _plain(parcel: Parcel) -> str:
    """A message that is no changelog: a test, a notice. As plain text, in which nothing is markup."""
    text = f"{parcel.message.subject}\n\n{parcel.message.text}"[:_TEXT]
    block = {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}
    fallback = parcel.message.subject.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return json.dumps({"text": fallback[:_TEXT], "blocks": [block]}, ensure_ascii=False)
