"""What goes into an auditor's folder: path -> bytes, the same for the same archive and arguments."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from tracker import verifying
from tracker.archive import files
from tracker.archive.files import LARGEST_LINES, LARGEST_SNAPSHOT
from tracker.archive.layout import (
    LOOKS,
    SIGNOFFS,
    SOURCES,
    TIMELINE,
    Identity,
    file_name,
    identity_of,
    policy_folder,
    policy_key,
)
from tracker.archive.records import signoff_record
from tracker.archive.signoffs import Signoffs
from tracker.archive.verify import Verified
from tracker.changelog.evidence import CHECKS, EvidencePage, PolicyPart
from tracker.changelog.period_headline import period_headline
from tracker.changelog.places import change_stems
from tracker.changelog.places import folder as changelog_folder
from tracker.changelog.reconciled import counted, verdict_record, verdicts_markdown
from tracker.changelog.record import change_record, dumps
from tracker.changelog.signoffs import (
    csv_text,
    signoffs_csv,
    signoffs_markdown,
    unsigned_markdown,
)
from tracker.collaborators import Tracker
from tracker.errors import InputError, SetupError, TrackerError
from tracker.evidence.looks import LooksMade, looks_of
from tracker.model.history import Kind
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso
from tracker.model.signoff import Pending, SignOff, unsigned
from tracker.reconciliation import reconciliation
from tracker.signing import asked
from tracker.sources.announcements import Announced, known_announcements


@dataclass(frozen=True, slots=True)
class Evidence:
    """An auditor's folder before it is written."""

    contents: dict[str, bytes]  # path with slashes -> bytes, sorted by path; without the sums
    verified: Verified
    unsigned: int  # changes that a look saw and nobody has signed for
    history: int  # changes that no look saw: imported or shipped history asks for no signature
    planned: int  # looks that were due
    missed: int  # and did not happen
    never: int  # policies that were never looked at
    unread: int  # policies of which nobody can tell what changed, since their files are damaged


def gather(
    tracker: Tracker,
    policies: Sequence[PolicyArn],
    since: datetime,
    until: datetime,
    announced: dict[PolicyArn, Announced] | None = None,
) -> Evidence:
    """Everything about these policies in [since, until). Reads and hashes the whole archive.

    Of an archive that is not whole, what can be read: `verified` says what is wrong.
    """
    verified = verifying.verified(tracker)
    whole = all(one.path == tracker.database.path.name for one in verified.findings)
    keys = set(map(policy_key, policies))
    signoffs = Signoffs(tracker.home, tracker.database).readable()
    signed = [one for one in signoffs if policy_key(one.arn) in keys]
    made: dict[str, bytes] = {}
    parts: list[PolicyPart] = []
    looks: list[LooksMade] = []
    pending: list[Pending] = []
    for arn in policies:
        watched = looks_of(tracker, arn, since, until)
        try:
            part, left = _policy(tracker, made, arn, since, until, signed, watched)
        except TrackerError as error:
            if whole:  # the files are, so the rest can be mended first: `error` says how
                raise
            part, left = _unread(tracker, made, arn, until, watched, error), ()
        parts.append(part)
        looks.append(watched)
        pending += left
    _records(tracker, made, policies)
    history = sum(one.history for one in parts)
    _signed(made, signed, pending, history)
    _looks(made, looks)
    reconciled = _reconciled(tracker, made, policies, announced or {}, whole=whole)
    _verification(made, verified)
    manifest = {
        "schema": 1,
        "type": "evidence",
        "program": f"policy-tracker {version('policy-tracker')}",
        "since": iso(since),
        "until": iso(until),
        "policies": [str(arn) for arn in policies],
        "head": verified.seal.head,
        "findings": len(verified.findings),
        "signoffs": len(signed),
        "unsigned": len(pending),
        "asked_for_no_signature": history,
        "looks_planned": sum(one.planned for one in looks),
        "looks_missed": sum(len(one.missed) for one in looks),
    }
    made["manifest.json"] = _json(manifest)
    page = EvidencePage(
        since=since,
        until=until,
        policies=tuple(parts),
        signed=len(signed),
        reconciled=reconciled,
        findings=tuple(f"{one.path}: {one.wrong}" for one in verified.findings),
        head=verified.seal.head,
        sealed=len(verified.seal.files),
        chained=verified.chained,
        unchained=verified.unchained,
        checks=CHECKS,
    )
    made["index.html"] = tracker.renderer().render("evidence.html", page=page).encode()
    return Evidence(
        dict(sorted(made.items())),
        verified,
        len(pending),
        history,
        sum(one.planned for one in looks),
        sum(len(one.missed) for one in looks),
        sum(one.begun is None for one in looks),
        sum(not one.folder for one in parts),
    )


def _policy(
    tracker: Tracker,
    made: dict[str, bytes],
    arn: PolicyArn,
    since: datetime,
    until: datetime,
    signed: Sequence[SignOff],
    watched: LooksMade,
) -> tuple[PolicyPart, tuple[Pending, ...]]:
    """The changelogs of one policy, and the documents behind them."""
    renderer, reading = tracker.renderer(), tracker.reading(arn)
    period = reading.period(since, until)
    place = f"changelogs/{changelog_folder(arn)}"
    made[f"{place}/period.md"] = renderer.period_markdown(period).encode()
    made[f"{place}/period.html"] = renderer.period_html(period).encode()
    made[f"{place}/period.json"] = renderer.period_json(period).encode()
    rows = change_stems(tracker.archive.changes(arn))
    stems = {row.id: stem for stem, row in rows.items()}
    for change in period.transitions:
        stem = stems.get(change.id, change.id)
        made[f"{place}/{stem}.md"] = renderer.markdown(change).encode()
        made[f"{place}/{stem}.html"] = renderer.html(change).encode()
        made[f"{place}/{stem}.json"] = dumps(change_record(change)).encode()
    documents = set(_documents(tracker, arn, since, until))
    folder = policy_folder(tracker.archive.root, arn)
    for identity in documents:
        path = folder / file_name(identity)
        made[_copied(tracker, path)] = files.read_bytes(path, LARGEST_SNAPSHOT)
    inside = [
        row for row in rows.values() if since <= row.observed_at < until and row.kind != Kind.REPUBLISHED
    ]
    asks = asked(inside, tracker.archive.unwatched())
    left = unsigned(asks, signed)
    part = PolicyPart(
        name=arn.name,
        folder=place,
        answer=_sentence(period_headline(period)),
        changes=len(inside),
        unsigned=len(left),
        history=len(inside) - len(asks),
        documents=len(documents),
        looks=len(watched.made),
        planned=watched.planned,
        missed=len(watched.missed),
        begun=watched.begun,
    )
    return part, left


def _unread(
    tracker: Tracker,
    made: dict[str, bytes],
    arn: PolicyArn,
    until: datetime,
    watched: LooksMade,
    error: TrackerError,
) -> PolicyPart:
    """A policy whose past can't be told, since its files are damaged: every document that is there, and why."""
    folder = policy_folder(tracker.archive.root, arn)
    documents = 0
    for path in sorted(folder.glob("*.json")):
        identity = identity_of(path.name)
        with suppress(InputError, SetupError, FileNotFoundError):  # verify names it
            if identity is not None and identity[1] < until:
                made[_copied(tracker, path)] = files.read_bytes(path, LARGEST_SNAPSHOT)
                documents += 1
    return PolicyPart(
        name=arn.name,
        folder="",
        answer=f"What changed can't be told: {str(error).replace(f'{tracker.home}/', '')}.",
        changes=0,
        unsigned=0,
        history=0,
        documents=documents,
        looks=len(watched.made),
        planned=watched.planned,
        missed=len(watched.missed),
        begun=watched.begun,
    )


def _copied(tracker: Tracker, path: Path) -> str:
    """Where a file of the tracker lies in the folder."""
    return f"archive/{path.relative_to(tracker.home).as_posix()}"


def _sentence(headline: str) -> str:
    """A headline without the stretch of time that it begins with: the page has said it."""
    said = headline.partition(": ")[2] or headline
    return said[:1].upper() + said[1:]


def _documents(tracker: Tracker, arn: PolicyArn, since: datetime, until: datetime) -> Iterator[Identity]:
    """The versions that were in force at the beginning or came into force, or were made, in the stretch of time."""
    before = tracker.archive.at(arn, since)
    if before is not None and before.identity is not None:
        yield before.identity
    for seen in tracker.archive.observations(arn):
        if seen.identity is not None and since <= seen.observed_at < until:
            yield seen.identity
    for identity in tracker.archive.identities(arn):
        if since <= identity[1] < until:
            yield identity


def _records(tracker: Tracker, made: dict[str, bytes], policies: Sequence[PolicyArn]) -> None:
    """The files of lines as the tracker has them, whole lines alone."""
    root = tracker.archive.root
    paths = [policy_folder(root, arn) / name for arn in policies for name in (TIMELINE, SOURCES)]
    paths += [root / partition / LOOKS for partition in sorted({arn.partition for arn in policies})]
    for path in (*paths, tracker.home / SIGNOFFS):
        raw = _whole(path)
        if raw:
            made[_copied(tracker, path)] = raw


def _whole(path: Path) -> bytes:
    try:
        raw = files.read_bytes(path, LARGEST_LINES)
    except (FileNotFoundError, NotADirectoryError, InputError, SetupError):  # verify names what is no file
        return b""
    return raw[: raw.rfind(b"\n") + 1]


def _signed(
    made: dict[str, bytes], signed: Sequence[SignOff], pending: Sequence[Pending], history: int
) -> None:
    made["signoffs.csv"] = signoffs_csv(signed).encode()
    made["signoffs.md"] = (
        f"# Who has read it\n\n{signoffs_markdown(signed)}\n{unsigned_markdown(pending, history)}".encode()
    )
    made["signoffs.json"] = _json(
        {"schema": 1, "type": "signoffs", "items": [signoff_record(one) for one in signed]}
    )


def _looks(made: dict[str, bytes], looks: Sequence[LooksMade]) -> None:
    columns = ("policy", "arn", "first_looked_at", "looks_made", "first", "last", "planned", "missed")
    rows = [
        (
            one.arn.name,
            str(one.arn),
            iso(one.begun) if one.begun else "never",
            str(len(one.made)),
            iso(one.made[0]) if one.made else "",
            iso(one.made[-1]) if one.made else "",
            str(one.planned),
            str(len(one.missed)),
        )
        for one in looks
    ]
    made["looks.csv"] = csv_text(rows, columns).encode()
    missed = [(one.arn.name, str(one.arn), iso(moment)) for one in looks for moment in one.missed]
    made["missed.csv"] = csv_text(missed, ("policy", "arn", "planned")).encode()


def _reconciled(
    tracker: Tracker,
    made: dict[str, bytes],
    policies: Sequence[PolicyArn],
    announced: dict[PolicyArn, Announced],
    *,
    whole: bool,
) -> str:
    """Announced against observed, of policies of which anything was announced. Answers with one sentence.

    `whole`: every file of the archive is, so that what can't be read is an error.
    """
    told, records, sentences = [], [], []
    for arn in policies:
        known = announced.get(arn) or known_announcements(arn.name)
        if not known.items:
            continue
        try:
            verdicts = reconciliation(tracker, arn, known)
        except TrackerError:
            if whole:
                raise
            told.append(f"# {arn.name}\n\nNothing was compared: its files are damaged (verification.txt).\n")
            sentences.append(f"{arn.name}: nothing was compared, its files are damaged")
            continue
        told.append(verdicts_markdown(arn.name, verdicts, known.until.isoformat()))
        records += [{"policy": str(arn), **verdict_record(one)} for one in verdicts]
        sentences.append(f"{arn.name}, over all of its history: {counted(verdicts)}")
    nothing = "Nothing is known of what AWS announced of these policies."
    made["reconciliation.md"] = ("\n".join(told) or f"{nothing}\n").encode()
    made["reconciliation.json"] = _json({"schema": 1, "type": "reconciliation", "items": records})
    return "; ".join(sentences) or nothing


def _verification(made: dict[str, bytes], verified: Verified) -> None:
    lines = [f"{one.path}: {one.wrong}\n  {one.advice}" for one in verified.findings]
    lines.append(f"{len(verified.findings):,} wrong" if verified.findings else "nothing is wrong")
    lines.append(f"{verified.chained:,} lines hold the hash of what stands before them")
    lines.append(f"{verified.unchained:,} lines are older than the chain")
    lines.append(f"head {verified.seal.head} of {len(verified.seal.files):,} files")
    made["verification.txt"] = ("\n".join(lines) + "\n").encode()
    made["verification.json"] = _json({
        "schema": 1, "type": "verify", "head": verified.seal.head, "chained": verified.chained,
        "unchained": verified.unchained,
        "items": [{"path": one.path, "wrong": one.wrong, "advice": one.advice} for one in verified.findings],
    })  # fmt: skip
    made["seal.txt"] = verified.seal.text.encode()


def _json(record: object) -> bytes:
    return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()
