"""The index's table of grants: which policy said which pattern, under which scope, from one observation to another.

The intervals themselves are made by policy/intervals.py; here they become rows, and rows become intervals again.
Whatever way history came in, these are the rows: a look feeds the newest default to the intervals that are open, and
where an older one came in between, the policy's are made anew from its first.
"""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence

from tracker.archive.layout import Identity
from tracker.errors import TrackerError
from tracker.model.change import ConditionEntry, Scope
from tracker.model.history import Observation
from tracker.policy.document import Document, Place
from tracker.policy.intervals import ALL_BUT, Interval, Intervals, Label
from tracker.policy.patterns import is_wild

log = logging.getLogger(__name__)

LITERAL, WILD, BUT = 0, 1, 2  # patterns.kind
Numbered = tuple[int, Observation]  # an observation with its line
Documents = Callable[[Identity], Document]
# Effect, scope as the table holds it, pattern, spelling, since, until, number and sid of the statement.
Written = tuple[str, str, str, str, int, int | None, int, str]

_OPEN = """
SELECT effect, scope, text, kind, spelling, since, until, number, sid
FROM grants JOIN places ON places.id = place JOIN patterns ON patterns.id = pattern
JOIN statements ON statements.id = statement WHERE holder = ? AND until IS NULL
"""
_NEW_PATTERN = """
INSERT INTO patterns (kind, service, text, spelling) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id
"""
_OLD_PATTERN = "SELECT id, spelling FROM patterns WHERE text = ? AND kind = ?"
_IDS = {
    "holders": (
        "SELECT id FROM holders WHERE policy = ?",
        "INSERT INTO holders (policy) VALUES (?) ON CONFLICT DO NOTHING RETURNING id",
    ),
    "places": (
        "SELECT id FROM places WHERE effect = ? AND scope = ?",
        "INSERT INTO places (effect, scope) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id",
    ),
    "statements": (
        "SELECT id FROM statements WHERE number = ? AND sid = ?",
        "INSERT INTO statements (number, sid) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id",
    ),
}
_TOLD = """
SELECT effect, scope, kind, text, since, until, number, sid
FROM grants JOIN places ON places.id = place JOIN patterns ON patterns.id = pattern
JOIN statements ON statements.id = statement WHERE holder = ?
"""


def intervals(
    seen: Iterable[Numbered], documents: Documents, still: Iterable[Interval] = ()
) -> list[Interval]:
    """The intervals of a policy from its observations, oldest first.

    Where a policy was no longer visible nobody knows that an action went: what held goes on. A default whose snapshot
    can't be read says nothing; verify names it.
    """
    made = Intervals(still)
    for line, observation in seen:
        if observation.identity is not None:
            try:
                document = documents(observation.identity)
            except (TrackerError, FileNotFoundError) as error:
                log.warning("no part of the index of grants: %s", error)
                continue
            made.feed(line, document)
    return [*made.closed, *made.open()]


def in_time(seen: Sequence[Observation]) -> list[Numbered]:
    """The observations of a timeline with their lines, oldest first; of two at one instant the later line is the later."""
    return sorted(enumerate(seen, start=1), key=lambda one: one[1].observed_at)


def told(one: Interval) -> tuple[object, ...]:
    """An interval as `rows` reads it from the tables: spelling left out, which the policies share."""
    kind, text = _kind(one.pattern)
    scope = place_text(one.place)
    return (one.effect, scope, kind, text, one.since, one.until, one.label.number, one.label.sid)


def written(made: Iterable[Interval]) -> list[Written]:
    """Intervals as plain values, ready for the tables: what a process that compares hands to the one that writes."""
    scopes: dict[int, str] = {}  # intervals of one scope share the object
    rows: list[Written] = []
    for one in made:
        scope = scopes.get(id(one.place))
        if scope is None:
            scope = scopes[id(one.place)] = place_text(one.place)
        label = one.label
        rows.append(
            (one.effect, scope, one.pattern, one.spelling, one.since, one.until, label.number, label.sid)
        )
    return rows


def rows(db: sqlite3.Connection) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Each policy's folder with its rows in the tables, as `told` tells an interval; one policy at a time."""
    for holder, key in db.execute("SELECT id, policy FROM holders ORDER BY policy").fetchall():
        yield key, db.execute(_TOLD, (holder,)).fetchall()


def misfiled(db: sqlite3.Connection) -> list[str]:
    """Patterns that stand under another service than theirs, where no question finds them, or are spelt as another, sorted."""
    return sorted(
        text
        for kind, service, text, spelling in db.execute("SELECT kind, service, text, spelling FROM patterns")
        if service != (service_of(text) if kind != BUT else "")
        or (kind != BUT and spelling.isascii() and spelling.lower() != text)
    )


class Grants:
    """Writes grants inside one transaction. The ids of what it has met are kept, so many policies share one of these."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._patterns: dict[str, tuple[int, str]] = {}  # pattern -> (id, spelling)
        self._ids: dict[tuple[object, ...], int] = {}  # of places and statements

    def knows(self, key: str) -> bool:
        """Whether a policy's intervals were made at all, though they be none."""
        return self._db.execute("SELECT 1 FROM holders WHERE policy = ?", (key,)).fetchone() is not None

    def replace(self, key: str, made: Sequence[Interval]) -> None:
        """All intervals of a policy in the place of those it has. Its row in `policies` is there already."""
        self.put(key, written(made))

    def go_on(self, key: str, later: Sequence[Numbered], documents: Documents) -> None:
        """Feed observations that are later than all of those before to a policy's open intervals."""
        if not later:
            return
        holder = self._holder(key)
        still = [_interval(row) for row in self._db.execute(_OPEN, (holder,))]
        made = intervals(later, documents, still)
        self._db.execute("DELETE FROM grants WHERE holder = ? AND until IS NULL", (holder,))
        self._insert(holder, written(made))

    def forget(self, key: str) -> None:
        """A policy whose folder is gone."""
        self._db.execute(
            "DELETE FROM grants WHERE holder = (SELECT id FROM holders WHERE policy = ?)", (key,)
        )
        self._db.execute("DELETE FROM holders WHERE policy = ?", (key,))

    def put(self, key: str, made: Iterable[Written]) -> None:
        """What `replace` does, with intervals that were written out elsewhere."""
        holder = self._holder(key)
        self._db.execute("DELETE FROM grants WHERE holder = ?", (holder,))
        self._insert(holder, made)

    def again(self, db: sqlite3.Connection) -> "Grants":
        """One for the next transaction that knows what this one met. Only where this one's was committed."""
        other = Grants(db)
        other._patterns, other._ids = self._patterns, self._ids
        return other

    def _insert(self, holder: int, made: Iterable[Written]) -> None:
        rows = []
        ids = self._ids
        for effect, scope, pattern, spelling, since, until, number, sid in made:
            place = ids.get(("places", effect, scope)) or self._id("places", effect, scope)
            statement = ids.get(("statements", number, sid)) or self._id("statements", number, sid)
            rows.append((self._pattern(pattern, spelling), holder, place, since, until, statement))
        self._db.executemany(
            "INSERT INTO grants (pattern, holder, place, since, until, statement) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )

    def _holder(self, key: str) -> int:
        return self._id("holders", key)

    def _pattern(self, pattern: str, spelt: str) -> int:
        """The id of a pattern. Of several spellings the first in order stands."""
        identity, spelling = self._patterns.get(pattern) or self._find_pattern(pattern, spelt)
        if spelt < spelling:
            spelling = spelt
            self._db.execute("UPDATE patterns SET spelling = ? WHERE id = ?", (spelling, identity))
        self._patterns[pattern] = (identity, spelling)
        return identity

    def _find_pattern(self, pattern: str, spelt: str) -> tuple[int, str]:
        kind, text = _kind(pattern)
        values = (kind, service_of(text) if kind != BUT else "", text, spelt)
        made = self._db.execute(_NEW_PATTERN, values).fetchone()  # most are new where they are not remembered
        if made:
            return int(made[0]), spelt
        found = self._db.execute(_OLD_PATTERN, (text, kind)).fetchone()
        return int(found[0]), str(found[1])

    def _id(self, table: str, *values: object) -> int:
        """The id of a holder (policy), a place (effect, scope) or a statement (number, sid), given where it has none."""
        key = (table, *values)
        if key not in self._ids:
            find, insert = _IDS[table]
            found = self._db.execute(insert, values).fetchone() or self._db.execute(find, values).fetchone()
            self._ids[key] = int(found[0])
        return self._ids[key]


def _kind(pattern: str) -> tuple[int, str]:
    """The kind of a pattern and its text as the table holds them."""
    text = pattern.removeprefix(ALL_BUT)
    return (BUT if text != pattern else WILD if is_wild(text) else LITERAL), text


def service_of(pattern: str) -> str:
    """The service of a lower-case pattern where it is plain text: 's3' of 's3:get*'; empty for `*` and `s*:get*`."""
    service, colon, _ = pattern.partition(":")
    return service if colon and not is_wild(service) else ""


def _interval(row: Sequence[object]) -> Interval:
    effect, scope, text, kind, spelling, since, until, number, sid = row
    pattern = f"{ALL_BUT}{text}" if kind == BUT else str(text)
    return Interval(
        effect="Deny" if effect == "Deny" else "Allow",
        place=read_place(str(scope)),
        pattern=pattern,
        spelling=str(spelling),
        since=int(str(since)),
        until=None if until is None else int(str(until)),
        label=Label(int(str(number)), str(sid)),
    )


def place_text(place: Place) -> str:
    """A scope as the table holds it: JSON of what is not everywhere, by anybody, under no condition."""
    scope = place.scope
    told: dict[str, object] = {}
    if scope.resources != ("*",):
        told = (
            {"resources": scope.resources}
            if scope.resources is not None
            else {"not_resources": scope.not_resources}
        )
    if scope.principal is not None:
        told["not_principal" if scope.not_principal else "principal"] = scope.principal
    if scope.condition:
        told["condition"] = [(one.operator, one.key, one.values) for one in scope.condition]
    if place.literal_variables:
        told["literal_variables"] = True
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def read_place(text: str) -> Place:
    """A scope back from the table."""
    told = json.loads(text)
    who = told.get("principal", told.get("not_principal"))
    scope = Scope(
        resources=None if "not_resources" in told else tuple(told.get("resources", ("*",))),
        not_resources=tuple(told["not_resources"]) if "not_resources" in told else None,
        principal=None if who is None else tuple((kind, tuple(names)) for kind, names in who),
        not_principal="not_principal" in told,
        condition=tuple(
            ConditionEntry(operator, key, tuple(values))
            for operator, key, values in told.get("condition", ())
        ),
    )
    return Place(scope, bool(told.get("literal_variables")))
