"""Amazon SNS: the text of a changelog, published to a topic, with attributes that its subscriptions may filter by.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from hashlib import sha256
from typing import Any

from tracker.delivery.channel import Parcel
from tracker.delivery.channels.aws import AwsAccess, judged, who_we_are

_SUBJECT = 99  # characters: fewer than 100, ASCII, no line break
_MESSAGE = 200_000  # bytes; SNS takes 256 KB, attributes and encoding included


class SnsChannel:
    """A Channel that is SNS; the region and account are those of the topic's ARN."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._clients: dict[str, Any] = {}  # by region

    def send(self, parcel: Parcel) -> str:
        """Publish one message; the answer holds SNS's id of it. Raises as `Channel` says."""
        region = parcel.recipient.split(":")[3]
        if region not in self._clients:
            self._clients[region] = self._access.client("sns", region)
        message = parcel.message
        fifo = parcel.recipient.endswith(".fifo")
        once = (
            {"MessageGroupId": _key(message.thread), "MessageDeduplicationId": _key(message.changelog)}
            if fifo
            else {}
        )
        values = {
            "policy": message.policy,
            "versions": message.versions,
            "changelog": message.changelog,
            "urgent": "true" if message.urgent else "false",
        }
        try:
            answer = self._clients[region].publish(
                TopicArn=parcel.recipient,
                Subject=_subject(message.subject),
                Message=cut(message.text, _MESSAGE),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in values.items()
                    if value
                },
                **once,
            )
        except Exception as error:
            raise judged(error, "Amazon SNS", "sns:Publish on the topic") from error
        return f"SNS took it: {answer['MessageId']}"

    def probe(self, address: str) -> str:
        """Ask AWS whether the credentials are good, and send nothing."""
        return who_we_are(self._access, "Amazon SNS", address.split(":")[3])

    def close(self) -> None:
        """Let the connections go."""
        clients, self._clients = self._clients, {}
        for one in clients.values():
            one.close()


def cut(text: str, limit: int) -> str:
    """The text in at most `limit` bytes of UTF-8, saying so where some of it is missing."""
    data = text.encode()
    if len(data) <= limit:
        return text
    note = f"\n\n[{len(data)} bytes; the rest stands in the tracker's folder]\n"
    return data[: limit - len(note.encode())].decode("utf-8", "ignore") + note


def _subject(text: str) -> str:
    """ASCII, one line, begun by a letter or digit."""
    plain = "".join(sign if 32 <= ord(sign) < 127 else "?" for sign in text).strip()
    return plain[:_SUBJECT] or "policy-tracker"


def _key(text: str) -> str:
    return sha256(text.encode()).hexdigest()
