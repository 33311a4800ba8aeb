"""A sender as a process of its own: `python -m tests.delivery.worker DATABASE PORT NAME NOW [DIES-AT]`.

NOW is an instant at which its clock stands, or `real`. DIES-AT ends the process, as a kill would, at a step: `claim:`
or `settle:` and a step of the database's transaction, or `before-send`, `after-send`.
"""

import os
import sys
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.delivery.conftest import plain
from tracker.delivery.channel import Channel, Parcel
from tracker.delivery.deliver import deliver
from tracker.delivery.outbox import Outbox
from tracker.delivery.rows import Claim, Outcome
from tracker.delivery.smtp import SmtpChannel
from tracker.model.instants import parse_instant
from tracker.store.database import Database

KILLED = 86


class DyingOutbox(Outbox):
    """An outbox that ends the process at a step of the claim's or the settlement's transaction."""

    def __init__(self, path: Path, dies_at: str) -> None:
        super().__init__(Database(path, step=self._reached))
        self._doing, self._dies_at = "", dies_at

    def _reached(self, step: str) -> None:
        if self._dies_at == f"{self._doing}:{step}":
            os._exit(KILLED)

    def claim(
        self,
        worker: str,
        now: datetime,
        lease: timedelta = timedelta(minutes=15),
        without: Collection[str] = (),
    ) -> Claim | None:
        """As Outbox, perhaps for the last time."""
        self._doing = "claim"
        return super().claim(worker, now, lease, without)

    def settle(self, claim: Claim, outcome: Outcome, now: datetime) -> bool:
        """As Outbox, perhaps for the last time."""
        self._doing = "settle"
        return super().settle(claim, outcome, now)


class DyingChannel:
    """A channel that ends the process before or after it sends."""

    def __init__(self, channel: Channel, dies_at: str) -> None:
        self._channel, self._dies_at = channel, dies_at

    def send(self, parcel: Parcel) -> str:
        """As the channel, perhaps for the last time."""
        if self._dies_at == "before-send":
            os._exit(KILLED)
        answer = self._channel.send(parcel)
        if self._dies_at == "after-send":
            os._exit(KILLED)
        return answer

    def close(self) -> None:
        """As the channel."""
        self._channel.close()


def main(path: str, port: str, name: str, now: str, dies_at: str = "") -> None:
    """Send what is due, and say how much that was."""
    standing = None if now == "real" else parse_instant(now)
    settings = replace(plain(int(port)), timeout_s=30)
    done = deliver(
        DyingOutbox(Path(path), dies_at),
        DyingChannel(SmtpChannel(settings), dies_at),
        lambda: standing or datetime.now(UTC),
        name,
        operator="operator@example.org",
        lease=timedelta(minutes=15) if standing else timedelta(seconds=1),
    )
    print(done.sent)


if __name__ == "__main__":
    main(*sys.argv[1:])
