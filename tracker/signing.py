"""Who has read which change: signing for one, and what nobody has signed for yet."""

import re
from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tracker.archive.layout import policy_key
from tracker.archive.lock import round_lock
from tracker.archive.signoffs import Signoffs
from tracker.collaborators import Tracker
from tracker.errors import InputError, UnknownPolicyError
from tracker.model.history import Kind
from tracker.model.identity import PolicyArn
from tracker.model.recorded import ChangeRow
from tracker.model.signoff import Pending, SignOff, unsigned
from tracker.model.watch import ALL, ATTACHED

if TYPE_CHECKING:
    from tracker.model.change import Change

LONGEST = 2_000  # characters of a name, a ticket or a note
_CANDIDATES = 5
_ID = re.compile(r"[0-9a-f]{4,16}")
_VERSIONS = re.compile(r"(none|v\d\S*?)(?:\s*(?:-|\.\.|\sto\s)\s*(none|v\d\S*))?", re.IGNORECASE)
_NOTHING = {str(Kind.REPUBLISHED)}  # nothing can be done that could not be done before


def sign(
    tracker: Tracker, change: str, by: str, ticket: str = "", note: str = "", items: Sequence[str] = ()
) -> tuple[SignOff, bool]:
    """Sign for a change, or for some of its items of attention; whether that was new.

    `change`: see `change_named`. `items`: rules, or actions that they are about. Raises InputError for a name, ticket or
    note that is none and for an item that the change has not, UnknownPolicyError for a change that is not on record.
    """
    by, ticket, note = _line("--by", by, needed=True), _line("--ticket", ticket), _line("--note", note)
    row = change_named(tracker, change)
    known = items_of(tracker, row)
    chosen = {one for text in items for one in _item(text, row, known)}
    made = SignOff(
        signed_at=tracker.clock(),
        change=row.id,
        arn=row.arn,
        from_version=row.from_version,
        to_version=row.to_version,
        sha256=_sha256(tracker, row),
        by=by,
        ticket=ticket,
        note=note,
        items=() if chosen == known.keys() else tuple(sorted(chosen)),
        out_of=len(known),
    )
    with round_lock(tracker.home, tracker.lock_wait_s):
        signoffs = Signoffs(tracker.home, tracker.database)
        for held in signoffs.all():
            if _same(held, made):
                signoffs.index()  # a process that was killed may have left it
                return held, False
        signoffs.add([made])
    return made, True


def _same(held: SignOff, made: SignOff) -> bool:
    facts = ((one.change, one.by, one.ticket, one.note, one.items, one.sha256) for one in (held, made))
    return len(set(facts)) == 1


def items_of(tracker: Tracker, row: ChangeRow) -> "dict[str, tuple[str, ...]]":
    """Rule -> actions, of everything in a change that deserves attention and that nobody has accepted by the settings."""
    from tracker.changelog.findings import shown

    change = changed(tracker, row)
    found: dict[str, tuple[str, ...]] = {}
    for one in shown(change.attention):
        found[one.rule] = (*found.get(one.rule, ()), *one.actions)
    return found


def changed(tracker: Tracker, row: ChangeRow) -> "Change":
    """The change of a row of the log, compared anew."""
    from tracker.changes.identity import change_id

    reading = tracker.reading(row.arn)
    for transition in reading.transitions():
        if change_id(transition) == row.id:
            return reading.change(transition)
    raise UnknownPolicyError(
        f"{row.arn.name} has no change {row.id} any more",
        advice="run 'policy-tracker reindex': the files tell another history than the index",
    )


def pending(
    tracker: Tracker, policies: Sequence[PolicyArn], since: datetime | None = None, *, every: bool = False
) -> tuple[Pending, ...]:
    """What nobody has signed for, oldest first: changes that a look of ours saw; with `every` those of history that was
    imported or shipped, too. What was republished with the same access asks for nothing.
    """
    if not tracker.database.exists:
        return ()
    unwatched = () if every else tracker.archive.unwatched()
    wanted = set(map(policy_key, policies))
    rows = (
        [row for arn in policies for row in tracker.archive.changes(arn, since)]
        if len(policies) == 1
        else tracker.archive.changes(since=since)
    )
    mine = (row for row in rows if policy_key(row.arn) in wanted)
    return unsigned(asked(mine, unwatched), Signoffs(tracker.home, tracker.database).all())


def asked(
    rows: Iterable[ChangeRow], unwatched: Container[tuple[str, datetime]] = ()
) -> tuple[ChangeRow, ...]:
    """Those that ask for a signature. `unwatched`: what no look of ours saw, as the archive names it."""
    return tuple(
        row
        for row in rows
        if row.kind not in _NOTHING and (policy_key(row.arn), row.observed_at) not in unwatched
    )


def change_named(tracker: Tracker, text: str) -> ChangeRow:
    """The change that somebody means: its id or the beginning of it, POLICY@VERSION, or its versions as `log` prints them.

    `v20`, `v19-v20`, `v19..v20` and `v19 to v20` are of the settings' policy where no POLICY@ stands before them. Raises
    UnknownPolicyError where none or several are meant; its advice names candidates.
    """
    text = text.strip()
    if _ID.fullmatch(text):
        rows = [row for row in tracker.archive.changes() if row.id.startswith(text)]
        return _only(rows, f"no change on record has the id {text}", f"{text} begins several ids", tracker)
    name, at, versions = text.rpartition("@")
    if at and not name.strip():
        raise InputError(
            f"no policy stands before the @ of {text!r}",
            advice=f"wanted: POLICY{text}, or {versions or 'v20'} alone where one policy is watched",
        )
    found = _VERSIONS.fullmatch(versions)
    if found is None:
        raise InputError(
            f"no change is meant by {text!r}",
            advice="wanted: an id ('policy-tracker log --json' and 'pending' print them), POLICY@v20, or 'v19 to v20'",
        )
    policies = _policies(tracker, name if at else "")
    after = (found[2] or found[1]).lower()
    rows = [
        row
        for arn in policies
        for row in tracker.archive.changes(arn)
        if _is(row.to_version, after) and (found[2] is None or _is(row.from_version, found[1].lower()))
    ]
    whose = ", ".join(arn.name for arn in policies)
    return _only(
        rows, f"{whose} has no change to {versions}", f"{text} is several changes", tracker, policies
    )


def _policies(tracker: Tracker, name: str) -> list[PolicyArn]:
    names = (name,) if name else tracker.policies
    if len(names) != 1 or names[0] in (ALL, ATTACHED):
        raise InputError(
            "a version alone names no change where several policies are watched", advice="wanted: POLICY@v20"
        )
    return [tracker.archive.resolve(names[0], tracker.partition)]


def _is(version: object, text: str) -> bool:
    return (str(version) if version else "none") == text


def _only(
    rows: Sequence[ChangeRow], none: str, several: str, tracker: Tracker, policies: Sequence[PolicyArn] = ()
) -> ChangeRow:
    if len(rows) == 1:
        return rows[0]
    candidates = rows or [row for arn in policies for row in tracker.archive.changes(arn)][-_CANDIDATES:]
    told = "; ".join(map(in_words, list(candidates)[:_CANDIDATES]))
    more = f" and {len(candidates) - _CANDIDATES} more" if len(candidates) > _CANDIDATES else ""
    nothing = "'policy-tracker pending --all' lists changes with their ids"
    raise UnknownPolicyError(
        several if rows else none, advice=f"on record: {told}{more}" if told else nothing
    )


def in_words(row: ChangeRow) -> str:
    """`0123456789abcdef (AWSSupportServiceRolePolicy v19 to v20, 2021-12-22)`."""
    versions = f"{row.from_version or 'none'} to {row.to_version or 'none'}"
    return f"{row.id} ({row.arn.name} {versions}, {row.observed_at:%Y-%m-%d})"


def _item(text: str, row: ChangeRow, known: "dict[str, tuple[str, ...]]") -> list[str]:
    wanted = text.strip().lower()
    found = [rule for rule in known if rule.lower() == wanted]
    found = found or [rule for rule, actions in known.items() if wanted in map(str.lower, actions)]
    if found:
        return found
    raise InputError(
        f"nothing of {in_words(row)} that deserves attention is called {text!r}",
        advice=f"its items: {', '.join(sorted(known))}"
        if known
        else "it has none: sign for all of it, without --item",
    )


def _sha256(tracker: Tracker, row: ChangeRow) -> str | None:
    if row.to_version is None:
        return None
    seen = tracker.archive.at(row.arn, row.observed_at)
    made = seen.create_date if seen and seen.version == row.to_version else None
    return tracker.archive.snapshot(row.arn, row.to_version, made).sha256


def _line(what: str, text: str, *, needed: bool = False) -> str:
    text = text.strip()
    if needed and not text:
        raise InputError(
            f"{what} names nobody", advice="wanted: a name or an address, as your auditor knows it"
        )
    if len(text) > LONGEST:
        raise InputError(
            f"{what} is {len(text):,} characters long, more than {LONGEST:,}",
            advice="put what is long in the ticket, and name that: --ticket T",
        )
    if len(text.splitlines()) > 1:
        raise InputError(f"{what} is {len(text.splitlines())} lines", advice="wanted: one line")
    hidden = sorted({f"U+{ord(sign):04X}" for sign in text if not sign.isprintable()})
    if hidden:
        raise InputError(
            f"{what} has a character in it that can't be seen: {', '.join(hidden[:3])}",
            advice="type it anew: copied text may bring such characters along",
        )
    return text
