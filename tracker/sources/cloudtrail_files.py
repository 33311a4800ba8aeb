"""CloudTrail's log files as S3 holds them: which there are under a folder, and the calls of one role in each."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from tracker.errors import InputError
from tracker.model.used import Broken, Call, Role, Via
from tracker.sources.cloudtrail_records import Record, Unreadable, records

# Account_CloudTrail_Region_YYYYMMDDTHHmmZ_Unique.json.gz; the instant is that of the delivery, and 'a log file delivered at a
# specific time can contain records written at any point before that time'.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
_DELIVERED = re.compile(r"_CloudTrail_[a-z0-9-]+_(\d{8}T\d{4})Z_")
_OTHER_KINDS = ("CloudTrail-Digest", "CloudTrail-Insight")
EARLY = timedelta(hours=1)  # that the clock of a name may be behind that of an event
LATE = timedelta(days=7)  # after which an event of the period is no longer waited for


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that lies under the paths: a log file to be read, or what is passed over."""

    path: str
    kind: str  # 'log', 'other' (a digest, an insight, no log at all), 'outside' (the period), 'broken'
    size: int = 0  # bytes
    why: str = ""


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file held."""

    path: str
    events: int = 0
    calls: tuple[Call, ...] = ()
    namesakes: int = 0
    unread: int = 0
    broken: Broken | None = None  # then nothing of it counts


def log_files(paths: Iterable[Path], since: datetime | None, until: datetime | None) -> Iterator[Found]:
    """Everything under these paths, in the order of the names, one at a time. Links to folders are not followed.

    Raises InputError for a path that does not exist.
    """
    span = (since - EARLY if since else None, until + LATE if until else None)
    wanted = [(path, path.is_dir()) for path in paths]
    for path, _ in wanted:
        if not path.exists():
            raise InputError(
                f"{path}: there is no such file or folder",
                advice="wanted: the folder that `aws s3 sync s3://BUCKET/AWSLogs FOLDER` wrote, or log files from it",
            )
    for path, is_folder in wanted:
        if is_folder:
            yield from _walk(str(path), span)
        else:
            yield _judged(path, path.name, span, named=True)


_Span = tuple[datetime | None, datetime | None]


def _walk(folder: str, span: _Span) -> Iterator[Found]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda one: one.name)
    except OSError as error:
        yield Found(folder, "broken", why=f"the folder can't be read: {error.strerror}")
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, span)
        elif entry.is_file():
            yield _judged(entry, entry.name, span)
        else:
            yield Found(entry.path, "other")


def _judged(file: "os.DirEntry[str] | Path", name: str, span: _Span, *, named: bool = False) -> Found:
    """What a file is, by its name and folders; one that was named itself is read whatever it is called."""
    path = os.fspath(file)
    if any(kind in path for kind in _OTHER_KINDS) or not (name.endswith((".json.gz", ".json")) or named):
        return Found(path, "other")
    delivered = _DELIVERED.search(name)
    moment = _moment(delivered[1]) if delivered else None
    if moment and ((span[0] and moment < span[0]) or (span[1] and moment >= span[1])):
        return Found(path, "outside")
    try:
        return Found(path, "log", file.stat().st_size)
    except OSError:
        return Found(path, "log")  # gone meanwhile, as whoever reads it will say


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


class Picked(NamedTuple):
    """What some events held."""

    calls: list[Call]
    namesakes: int
    unread: int


class Reader:
    """Picks the calls of one role in a period out of log files. It holds nothing but what it looks for."""

    def __init__(self, role: Role, since: datetime | None, until: datetime | None) -> None:
        self._role = role
        self._name = role.name.lower()
        # Only the service itself can make a role under this path.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
        self._path = f":role/aws-service-role/{role.service}/{role.name}".lower() if role.service else ""
        self._since = since or datetime.min.replace(tzinfo=UTC)
        self._until = until

    def read(self, path: str) -> FileRead:
        """The calls in one file; a file that is broken is said to be, and gives none."""
        events = namesakes = unread = 0
        calls: list[Call] = []
        try:
            with open(path, "rb") as file:  # noqa: PTH123 -- a path of a million is text, as the walk has it
                for batch in records(file, packed=_packed(file)):
                    picked = self.pick(batch)
                    events += len(batch)
                    calls += picked.calls
                    namesakes += picked.namesakes
                    unread += picked.unread
        except Unreadable as error:
            return FileRead(path, broken=Broken(path, str(error)))
        except OSError as error:
            return FileRead(path, broken=Broken(path, error.strerror or str(error)))
        return FileRead(path, events, tuple(calls), namesakes, unread)

    def pick(self, batch: list[Record]) -> Picked:
        """The calls among some events."""
        calls, namesakes, unread = [], 0, 0
        for record in self._candidates(batch):
            via = self._via(record)
            if via is None:
                namesakes += 1
            elif (call := call_of(record, via)) is None:
                unread += 1
            elif self.within(call.at):
                calls.append(call)
        return Picked(calls, namesakes, unread)

    def within(self, moment: datetime) -> bool:
        """Whether a moment lies in the period."""
        return self._since <= moment and (self._until is None or moment < self._until)

    def _candidates(self, batch: list[Record]) -> list[Record]:
        """Events that may be meant: nearly all are not, so this is all that is done with those."""
        name, length, service = self._name, len(self._name), self._role.service or None
        return [
            record
            for record in batch
            if (identity := record.userIdentity) is None
            or (service is not None and identity.invokedBy == service)
            or (
                (context := identity.sessionContext) is not None
                and (issuer := context.sessionIssuer) is not None
                and (found := issuer.userName) is not None
                and len(found) == length
                and found.lower() == name
            )
        ]

    def _via(self, record: Record) -> Via | None:
        """How a candidate was made; None for another role of the same name."""
        identity = record.userIdentity
        if identity is None:
            return "role"  # which `call_of` then finds to be no event
        context = identity.sessionContext
        issuer = context.sessionIssuer if context is not None else None
        if issuer is None or (issuer.userName or "").lower() != self._name:
            return "assuming" if self._assumes(record) else "service"
        arn = issuer.arn or ""
        if self._role.arn:
            return "role" if arn == self._role.arn else None
        return "role" if arn.lower().endswith(self._path) else None

    def _assumes(self, record: Record) -> bool:
        """Whether the service takes this role on; an event that names no role can mean no other."""
        if (record.eventSource, record.eventName) != ("sts.amazonaws.com", "AssumeRole"):
            return False
        named = [one.ARN.lower() for one in record.resources or () if one.ARN]
        return not named or any(arn.endswith("/" + self._name) for arn in named)


def call_of(record: Record, via: Via) -> Call | None:
    """The call that a record tells of; None where it lacks what every event has."""
    if record.userIdentity is None or not (record.eventID and record.eventSource and record.eventName):
        return None
    try:
        at = datetime.fromisoformat(record.eventTime or "")
        if at.tzinfo is None:
            return None
        at = at if at.tzinfo is UTC else at.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and last hours that there are, in another zone
        return None
    return Call(
        record.eventID,
        at,
        record.eventSource.lower(),
        record.eventName,
        record.awsRegion or "",
        record.recipientAccountId or "",
        record.errorCode or "",
        via,
        tuple(sorted({one.ARN for one in record.resources if one.ARN})) if record.resources else (),
    )


def _packed(file: BufferedReader) -> bool:
    """Whether a file begins as gzip does, whatever it is called."""
    return file.peek(2)[:2] == b"\x1f\x8b"
