"""Rows of the outbox as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tracker.delivery.channel import Parcel

RowState = Literal["waiting", "claimed", "sent", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the outbox, for showing."""

    id: int
    message: str  # the changelog's id
    subject: str
    recipient: str
    state: RowState
    attempts: int
    not_before: datetime  # UTC: not tried before
    answer: str  # what the server, or our failure to reach it, said last
    created: datetime  # UTC
    finished: datetime | None  # UTC: sent, failed or cancelled


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that one worker may send until its lease ends."""

    id: int
    parcel: Parcel
    worker: str
    until: datetime  # UTC, the end of the lease
    attempt: int  # 1 for the first
    first_tried: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a claim."""

    state: Literal["sent", "failed", "waiting"]
    answer: str
    not_before: datetime | None = None  # UTC, of 'waiting': when to try again; None leaves it
    tried: bool = True  # False: nothing was tried, the attempt does not count
    refused: bool = False  # of 'failed': the recipient's side refused it for good
