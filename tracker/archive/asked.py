"""The grants asked: everything that any policy said about an action or a pattern, with the moments at which it did.

On the path of a search that is to answer at once: bare SQL, and each word is read once.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from tracker.archive.damaged import readable
from tracker.archive.grants import BUT, LITERAL, WILD, read_place, service_of
from tracker.model.asked import How, Moment, Question, Said
from tracker.model.identity import PolicyArn, VersionId
from tracker.policy.patterns import literal_prefix
from tracker.policy.questions import concerns, spans
from tracker.store.instants import read_sortable

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.model.change import Effect, Scope
    from tracker.model.history import Basis

_HOW: dict[int, How] = {LITERAL: "name", WILD: "wildcard", BUT: "all-but"}
_BEYOND = "\U0010ffff"  # sorts after whatever an action may be called
_PATTERNS = "SELECT id, kind, text, spelling FROM patterns WHERE"
_PLACE = "SELECT effect, scope FROM places WHERE id = ?"
_STATEMENT = "SELECT number, sid FROM statements WHERE id = ?"
_GRANTS = """
SELECT holder, pattern, place, statement, since, until FROM grants
WHERE pattern IN (SELECT value FROM json_each(?))
"""
_GRANTS_OF = """
SELECT place, statement, since, until, kind, text, spelling FROM grants JOIN patterns ON patterns.id = pattern
WHERE holder = ?
"""
_HOLDERS = """
SELECT holders.id, arn FROM json_each(?) AS one CROSS JOIN holders ON holders.id = one.value JOIN policies USING (policy)
"""
_MOMENTS = """
SELECT holders.id, line, observed_at, version, basis
FROM json_each(?) AS one CROSS JOIN holders ON holders.id = one.value CROSS JOIN observations USING (policy)
"""

_Grant = tuple[int, int, int, int, int, int | None]  # a row of _GRANTS
_Line = tuple[str, str | None, "Basis"]  # of a timeline: when, which version, how it is known
_CREATED = "SELECT policies.arn, observed_at FROM changes JOIN policies USING (policy) WHERE kind = 'created'"


def said(
    db: sqlite3.Connection, asked: Question, policies: Collection[str] | None = None
) -> Iterator[tuple[PolicyArn, list[Said]]]:
    """What each policy said that concerns the question, oldest first; of all policies or of these folders' alone."""
    with readable():
        yield from _said(db, asked, policies)


def _said(
    db: sqlite3.Connection, asked: Question, policies: Collection[str] | None
) -> Iterator[tuple[PolicyArn, list[Said]]]:
    words = _Words(db)
    patterns = {number: (_HOW[kind], text, spelling) for number, kind, text, spelling in _patterns(db, asked)}
    groups: dict[int, list[_Grant]] = {}
    for row in db.execute(_GRANTS, (json.dumps(list(patterns)),)):
        groups.setdefault(row[0], []).append(row)
    if policies is not None:
        wanted = {number for number, key in db.execute("SELECT id, policy FROM holders") if key in policies}
        groups = {holder: rows for holder, rows in groups.items() if holder in wanted}
    timelines = _timelines(db, groups)
    for holder in sorted(groups):
        arn, moments = timelines[holder]
        found = []
        for _, pattern, place, statement, since, until in groups[holder]:
            how, text, spelling = patterns[pattern]
            effect, scope, literal = words.place(place)
            number, sid = words.statement(statement)
            ended = None if until is None else moments[until]
            found.append(
                Said(effect, how, text, spelling, scope, literal, number, sid, moments[since], ended)
            )
        if len(found) > 1:
            found.sort(key=_begun)
        yield arn, found


class Allowed:
    """Since when one policy has allowed what it allows today, action by action: its grants are read once."""

    @readable()
    def __init__(self, db: sqlite3.Connection, policy: str) -> None:
        """`policy`: its folder, 'aws/ReadOnlyAccess'."""
        self._literal: dict[str, list[Said]] = {}
        self._wild: list[Said] = []
        found = db.execute("SELECT id FROM holders WHERE policy = ?", (policy,)).fetchone()
        if found is None:
            return
        words = _Words(db)
        _, moments = _timelines(db, found)[found[0]]
        for place, statement, since, until, kind, text, spelling in db.execute(_GRANTS_OF, found):
            effect, scope, literal = words.place(place)
            number, sid = words.statement(statement)
            ended = None if until is None else moments[until]
            one = Said(effect, _HOW[kind], text, spelling, scope, literal, number, sid, moments[since], ended)
            if kind == LITERAL:
                self._literal.setdefault(text, []).append(one)
            else:
                self._wild.append(one)

    def since(self, action: str) -> "datetime | None":
        """When the stretch began in which an action (lower case) is allowed now; None where it is not."""
        asked = Question(action, action)
        about = [
            *self._literal.get(action, ()),
            *(one for one in self._wild if concerns(asked, one.how, one.pattern)),
        ]
        about.sort(key=_begun)
        found = spans(asked, about, every=False)
        return found[-1].since.at if found and found[-1].until is None else None


def _begun(one: Said) -> "datetime":
    return one.since.at


class _Moments(dict[int, Moment]):
    """The moments of one policy by the lines of its timeline, made as they are wanted."""

    def __init__(self, arn: str, created: Collection[tuple[str, str]]) -> None:
        self.told: dict[int, _Line] = {}
        self._arn, self._created = arn, created
        self._first: str | None = None

    def __missing__(self, line: int) -> Moment:
        if self._first is None:
            first = min(at for at, _, _ in self.told.values())
            # A policy that was created was looked for before and was not there: nothing is unknown.
            self._first = "" if (self._arn, first) in self._created else first
        at, version, basis = self.told[line]
        self[line] = made = Moment(read_sortable(at), _version(version), basis, at == self._first)
        return made


def _timelines(db: sqlite3.Connection, holders: Iterable[int]) -> dict[int, tuple[PolicyArn, _Moments]]:
    """Each policy's ARN and the moments of its timeline."""
    wanted = (json.dumps(list(holders)),)
    created = frozenset(db.execute(_CREATED))
    found = {number: (_arn(arn), _Moments(arn, created)) for number, arn in db.execute(_HOLDERS, wanted)}
    for holder, line, at, version, basis in db.execute(_MOMENTS, wanted):
        found[holder][1].told[line] = (at, version, basis)
    return found


@readable()
def gone(db: sqlite3.Connection) -> dict[PolicyArn, "datetime"]:
    """The policies whose last observation is that they are no longer visible, and since when."""
    rows = db.execute(
        """SELECT arn, observed_at FROM observations AS one JOIN policies USING (policy) WHERE version IS NULL
           AND NOT EXISTS (SELECT 1 FROM observations AS later WHERE later.policy = one.policy
               AND (later.observed_at, later.line) > (one.observed_at, one.line))"""
    )
    return {_arn(arn): read_sortable(at) for arn, at in rows}


def _patterns(db: sqlite3.Connection, asked: Question) -> Iterator[tuple[int, int, str, str]]:
    """(id, kind, text, spelling) of every pattern that has an action in common with the question."""
    service, prefix = service_of(asked.pattern), literal_prefix(asked.pattern)
    if asked.single:
        named, values = "text = ?", [asked.pattern]
    else:
        named, values = (
            "text >= ? AND text < ? AND text GLOB ?",
            [prefix, prefix + _BEYOND, _glob(asked.pattern)],
        )
    yield from db.execute(f"{_PATTERNS} kind = 0 AND {named}", values)
    near = f"{_PATTERNS} kind > 0 AND (:service = '' OR service IN (:service, ''))"
    if asked.single:  # what can't match is left out by SQLite, which needs no regular expression for it
        near += " AND (kind = 2 OR :action GLOB text OR text GLOB '*[[]*')"
    for number, kind, text, spelling in db.execute(near, {"service": service, "action": asked.pattern}):
        if concerns(asked, _HOW[kind], text):
            yield number, kind, text, spelling


def _glob(pattern: str) -> str:
    """A pattern for GLOB, which knows the same two signs as IAM, and one more."""
    return pattern.replace("[", "[[]")


class _Words:
    """What the numbers and texts in a row stand for, each looked up once."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.statement = cache(lambda number: db.execute(_STATEMENT, (number,)).fetchone())
        self.place = cache(lambda number: _place(*db.execute(_PLACE, (number,)).fetchone()))


_version = lru_cache(4096)(lambda text: None if text is None else VersionId.parse(text))
_arn = lru_cache(4096)(PolicyArn.parse)


@lru_cache(1024)
def _place(effect: "Effect", text: str) -> "tuple[Effect, Scope, bool]":
    place = read_place(text)
    return effect, place.scope, place.literal_variables
