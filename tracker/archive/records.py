"""The records of the archive as text and back: a snapshot file, and a line of each kind. Pure.

Reading raises RecordError for everything that is not exactly such a record; it says what, the caller says where.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from tracker.archive.chain import PREVIOUS
from tracker.archive.layout import Identity
from tracker.model.history import Basis, Look, Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import iso, parse_instant
from tracker.model.signoff import SignOff
from tracker.policy.canonical import canonical_json

SCHEMA = 1
DOCUMENT = "the document"  # where it goes in a snapshot's file
_LONGEST = 300  # characters of a complaint
_SNAPSHOT_KEYS = {"schema", "arn", "version", "create_date", "sha256", "source", "document"}
_SIGNOFF_KEYS = {
    "signed_at",
    "change",
    "arn",
    "from",
    "to",
    "sha256",
    "by",
    "ticket",
    "note",
    "items",
    "out_of",
}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BASES: tuple[str, ...] = get_args(Basis)


class RecordError(ValueError):
    """What is wrong with a record, one clause; of a hostile record's own words only the beginning."""

    def __init__(self, wrong: str) -> None:
        told = wrong if len(wrong) <= _LONGEST else f"{wrong[:_LONGEST]}..."
        super().__init__(
            told.encode("utf-8", "backslashreplace").decode()
        )  # half a surrogate pair can't be printed


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A second source that had a snapshot too, with the same document."""

    version: VersionId
    create_date: datetime  # UTC
    sha256: str
    source: str
    arn: PolicyArn | None  # where that source knew the policy under another path than the file says

    @property
    def identity(self) -> Identity:
        """The snapshot it speaks of."""
        return (self.version, self.create_date)


def canonical(value: object) -> str:
    """JSON as the archive writes it: keys sorted, two-space indent, one trailing newline."""
    return canonical_json(value) + "\n"


def snapshot_text(snapshot: Snapshot) -> str:
    """A snapshot's file. Its document is canonical already: it goes in as it is, two blanks further in."""
    about = {
        "arn": str(snapshot.arn),
        "create_date": iso(snapshot.create_date),
        "document": DOCUMENT,
        "schema": SCHEMA,
        "sha256": snapshot.sha256,
        "source": snapshot.source,
        "version": str(snapshot.version),
    }
    before, after = canonical(about).split(f'"{DOCUMENT}"', 1)
    return before + snapshot.document.rstrip("\n").replace("\n", "\n  ") + after


def read_snapshot(raw: bytes) -> Snapshot:
    """A snapshot's file back. The document hashes to what the file says, or RecordError is raised."""
    record = _json(raw)
    if record.keys() != _SNAPSHOT_KEYS:
        raise RecordError(_keys_wrong(record, _SNAPSHOT_KEYS))
    if record["schema"] != SCHEMA:
        raise RecordError(f"its schema is {record['schema']!r}, not {SCHEMA}")
    from tracker.policy.parse import (
        digest,
    )  # only where a document is read: a look at an unchanged policy reads none

    document = _canonical_document(record["document"])
    sha256 = _text(record, "sha256")
    if digest(document) != sha256:
        raise RecordError(f"its document has sha256 {digest(document)}, but the file says {sha256}")
    return Snapshot(
        arn=_arn(record),
        version=_version(record),
        create_date=_instant(record, "create_date"),
        document=document,
        sha256=sha256,
        source=_text(record, "source"),
    )


def observation_line(observation: Observation, sha256: str | None = None) -> str:
    """A line of timeline.jsonl, without its newline and its link; `sha256` is of the document that it names."""
    version, made = observation.version, observation.create_date
    return _line(
        {
            "observed_at": iso(observation.observed_at),
            "version": None if version is None else str(version),
            "create_date": None if made is None else iso(made),
            "source": observation.source,
            "run": observation.run,
            "basis": observation.basis,
            "sha256": sha256,
        }
    )


def read_observation(raw: bytes) -> Observation:
    """A line of timeline.jsonl back."""
    record = _json(raw)
    wanted = {"observed_at", "version", "create_date", "source", "run", "basis"}
    if record.keys() - {"sha256", PREVIOUS} != wanted:
        raise RecordError(_keys_wrong(record, wanted, {"sha256", PREVIOUS}))
    basis = _text(record, "basis")
    if basis not in _BASES:
        raise RecordError(f"its basis is {basis!r}, not one of {', '.join(_BASES)}")
    if (record["version"] is None) != (record["create_date"] is None):
        raise RecordError("it has a version or a create_date, but not both")
    _check_hashes(record)
    removed = record["version"] is None
    return Observation(
        observed_at=_instant(record, "observed_at"),
        version=None if removed else _version(record),
        create_date=None if removed else _instant(record, "create_date"),
        source=_text(record, "source"),
        run=_text(record, "run"),
        basis=cast("Basis", basis),
    )


def named_sha256(raw: bytes) -> str | None:
    """The hash that a line of timeline.jsonl says the document has that it names; None where it says none."""
    value = _json(raw).get("sha256")
    return value if isinstance(value, str) else None


def _check_hashes(record: Mapping[str, object]) -> None:
    for key in ("sha256", PREVIOUS):
        value = record.get(key)
        if value is not None and not (isinstance(value, str) and _SHA256.fullmatch(value)):
            raise RecordError(f"its {key} is no sha256: {value!r}")


def look_line(look: Look) -> str:
    """A line of looks.jsonl, without its newline."""
    return _line(
        {
            "run": look.run,
            "start": iso(look.start),
            "end": iso(look.end),
            "policies": "all" if look.policies is None else sorted(look.policies),
            "failed": sorted(look.failed),
        }
    )


def read_look(raw: bytes) -> Look:
    """A line of looks.jsonl back."""
    record = _json(raw)
    wanted = {"run", "start", "end", "policies", "failed"}
    if record.keys() - {PREVIOUS} != wanted:
        raise RecordError(_keys_wrong(record, wanted, {PREVIOUS}))
    _check_hashes(record)
    return Look(
        run=_text(record, "run"),
        start=_instant(record, "start"),
        end=_instant(record, "end"),
        policies=None if record["policies"] == "all" else _texts(record, "policies"),
        failed=_texts(record, "failed"),
    )


def source_line(line: SourceLine) -> str:
    """A line of sources.jsonl, without its newline."""
    record: dict[str, object] = {
        "version": str(line.version),
        "create_date": iso(line.create_date),
        "sha256": line.sha256,
        "source": line.source,
    }
    if line.arn is not None:
        record["arn"] = str(line.arn)
    return _line(record)


def read_source(raw: bytes) -> SourceLine:
    """A line of sources.jsonl back."""
    record = _json(raw)
    wanted = {"version", "create_date", "sha256", "source"}
    if record.keys() - {"arn", PREVIOUS} != wanted:
        raise RecordError(_keys_wrong(record, wanted))
    return SourceLine(
        version=_version(record),
        create_date=_instant(record, "create_date"),
        sha256=_text(record, "sha256"),
        source=_text(record, "source"),
        arn=_arn(record) if "arn" in record else None,
    )


def signoff_record(one: SignOff) -> dict[str, object]:
    """A sign-off as the archive and every JSON of ours write it."""
    return {
        "signed_at": iso(one.signed_at),
        "change": one.change,
        "arn": str(one.arn),
        "from": None if one.from_version is None else str(one.from_version),
        "to": None if one.to_version is None else str(one.to_version),
        "sha256": one.sha256,
        "by": one.by,
        "ticket": one.ticket,
        "note": one.note,
        "items": list(one.items),
        "out_of": one.out_of,
    }


def signoff_line(one: SignOff) -> str:
    """A line of signoffs.jsonl, without its newline and its link."""
    return _line(signoff_record(one))


def read_signoff(raw: bytes) -> SignOff:
    """A line of signoffs.jsonl back."""
    record = _json(raw)
    if record.keys() - {PREVIOUS} != _SIGNOFF_KEYS:
        raise RecordError(_keys_wrong(record, _SIGNOFF_KEYS, {PREVIOUS}))
    _check_hashes(record)
    out_of, sha256 = record["out_of"], record["sha256"]
    if isinstance(out_of, bool) or not isinstance(out_of, int):
        raise RecordError(f"its out_of is no number: {out_of!r}")
    return SignOff(
        signed_at=_instant(record, "signed_at"),
        change=_text(record, "change"),
        arn=_arn(record),
        from_version=None if record["from"] is None else _version(record, "from"),
        to_version=None if record["to"] is None else _version(record, "to"),
        sha256=None if sha256 is None else str(sha256),
        by=_text(record, "by"),
        ticket=_text(record, "ticket"),
        note=_text(record, "note"),
        items=_texts(record, "items"),
        out_of=out_of,
    )


def _line(record: Mapping[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False)


def _json(raw: bytes) -> dict[str, object]:
    try:
        record = json.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise RecordError(f"it is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise RecordError("it is JSON of too many levels") from None
    except ValueError as error:
        raise RecordError(f"it is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise RecordError("it is JSON, but no object")
    return record


def _canonical_document(document: object) -> str:
    try:
        text = canonical(document)
        text.encode()
    except (RecursionError, ValueError):
        raise RecordError("its document can't be written as UTF-8 JSON") from None
    return text


def _keys_wrong(record: Mapping[str, object], wanted: set[str], beside: Collection[str] = ()) -> str:
    missing, foreign = sorted(wanted - record.keys()), sorted(record.keys() - wanted - set(beside))
    parts = [f"it lacks {', '.join(missing)}"] if missing else []
    parts += [f"it has {', '.join(map(repr, foreign))}, which nobody knows"] if foreign else []
    return " and ".join(parts)


def _text(record: Mapping[str, object], key: str) -> str:
    value = record[key]
    if not isinstance(value, str):
        raise RecordError(f"its {key} is no text: {value!r}")
    return value


def _texts(record: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = record[key]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise RecordError(f"its {key} is no list of texts")
    return tuple(value)


def _instant(record: Mapping[str, object], key: str) -> datetime:
    text = _text(record, key)
    try:
        moment = parse_instant(text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or iso(moment) != text:
        raise RecordError(f"its {key} is not written as 2021-12-21T23:48:04Z: {text!r}")
    return moment


def _version(record: Mapping[str, object], key: str = "version") -> VersionId:
    try:
        return VersionId.parse(_text(record, key))
    except ValueError as error:
        raise RecordError(f"its {key} is {error}") from None


def _arn(record: Mapping[str, object]) -> PolicyArn:
    try:
        return PolicyArn.parse(_text(record, "arn"))
    except ValueError as error:
        raise RecordError(f"its arn is {error}") from None
