"""Amazon EventBridge: the JSON record of a change as an event's detail, for rules to match.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

import json
from typing import Any

from tracker.delivery.addresses import readable_answer
from tracker.delivery.channel import Parcel
from tracker.delivery.channels.aws import AwsAccess, judged, who_we_are
from tracker.delivery.channels.webhook import record_of
from tracker.errors import RefusedError

SOURCE = "policy-tracker"
_DETAIL = 240_000  # bytes; an entry has 256 KB in all
_AGAIN = {"ThrottlingException", "InternalFailure", "InternalException", "ServiceUnavailable"}


class EventBridgeChannel:
    """A Channel that is an event bus; the region is that of its ARN."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._clients: dict[str, Any] = {}

    def send(self, parcel: Parcel) -> str:
        """Put one event; the answer holds its id. An entry that is refused inside an accepted call is refused. Raises as `Channel` says."""
        region = parcel.recipient.split(":")[3]
        if region not in self._clients:
            self._clients[region] = self._access.client("events", region)
        detail = fitting(record_of(parcel), _DETAIL)
        entry = {
            "EventBusName": parcel.recipient,
            "Source": SOURCE,
            "DetailType": str(json.loads(detail)["type"]),
            "Detail": detail,
            "Time": parcel.queued,
            "Resources": [parcel.message.thread] if parcel.message.thread.startswith("arn:") else [],
        }
        try:
            answer = self._clients[region].put_events(Entries=[entry])
        except Exception as error:
            raise judged(error, "Amazon EventBridge", "events:PutEvents on the bus") from error
        result = answer["Entries"][0]
        if code := result.get("ErrorCode"):
            said = readable_answer(str(result.get("ErrorMessage", "")))
            raise RefusedError(f"Amazon EventBridge answered {code}: {said}", permanent=code not in _AGAIN)
        return f"EventBridge took it: {result['EventId']}"

    def probe(self, address: str) -> str:
        """Ask AWS whether the credentials are good, and send nothing."""
        return who_we_are(self._access, "Amazon EventBridge", address.split(":")[3])

    def close(self) -> None:
        """Let the connections go."""
        clients, self._clients = self._clients, {}
        for one in clients.values():
            one.close()


def fitting(record: str, limit: int) -> str:
    """The record in at most `limit` bytes: its longest lists are taken out and named under `cut`, counts stay."""
    if len(record.encode()) <= limit:
        return record
    values: dict[str, Any] = json.loads(record)
    gone: list[str] = []
    while True:
        lists = {
            key: len(json.dumps(value))
            for key, value in values.items()
            if isinstance(value, list) and key != "cut"
        }
        text = json.dumps({**values, "cut": sorted(gone)}, ensure_ascii=False, sort_keys=True)
        if len(text.encode()) <= limit or not lists:
            return text
        longest = max(sorted(lists), key=lambda key: lists[key])
        del values[longest]
        gone.append(longest)
