"""Microsoft Teams: a workflow that waits for a webhook request, given the card that changelog/cards.py built.

https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
"""

import json

from tracker.delivery.channel import Parcel
from tracker.delivery.channels.outgoing import Outgoing, host_of, judge

_TEXT = 8_000  # characters of a text that comes without a card; a message of Teams has 28 KB


class TeamsChannel:
    """A Channel that is a workflow of Teams."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    def send(self, parcel: Parcel) -> str:
        """Post one card. A workflow answers 202 before it has posted it: that it was taken is all that can be known."""
        body = parcel.message.form("teams") or _plain(parcel)
        reply = self._outgoing.post(parcel.recipient, body.encode(), {"Content-Type": "application/json"})
        return judge(reply, host_of(parcel.recipient))

    def probe(self, address: str) -> str:
        """Connect, and send nothing."""
        return self._outgoing.probe(address)

    def close(self) -> None:
        """Nothing is kept open."""


def _plain(parcel: Parcel) -> str:
    """A message that is no changelog, as runs of text, in which nothing is markup."""
    body = [
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]}
        for text in (parcel.message.subject, *parcel.message.text[:_TEXT].split("\n\n"))
        if text.strip()
    ]
    card = {"type": "AdaptiveCard", "version": "1.4", "body": body}
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False)
