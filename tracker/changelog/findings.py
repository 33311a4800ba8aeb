"""What deserves attention, the gravest first, laid out for a reader."""

from collections.abc import Iterable
from dataclasses import dataclass

from tracker.changelog.scopes import Line, in_one_line, where
from tracker.model.change import Attention, Severity

FLAGGED, NOT_REVIEWED = "flagged", "not reviewed"  # how an action is marked in a list

_SEVERITY: dict[Severity, int] = {"alarm": 0, "attention": 1, "info": 2, "none": 3}
_KINDS = (
    "role",
    "customer-data",
    "credentials",
    "escalation",
    "exposure",
    "capability",
    "deny",
    "level",
    "not-reviewed",
)


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One thing that deserves attention."""

    what: str  # 'Can now read S3 objects', 'Write on a policy that is otherwise read-only'
    actions: tuple[str, ...]
    completes: tuple[str, ...]
    why: str
    where: tuple[Line, ...]  # it holds
    source: str
    source_date: str
    severity: str
    rule: str
    since: str

    @property
    def scope(self) -> str:
        """Where it holds, in plain words."""
        return in_one_line(self.where)


def by_weight(items: Iterable[Attention]) -> list[Attention]:
    """What deserves attention, the gravest first: severity, then kind, then unscoped before scoped, then rule."""

    def weight(item: Attention) -> tuple[int, int, bool, str]:
        kind = _KINDS.index(item.kind) if item.kind in _KINDS else len(_KINDS)
        everywhere = any(scope.everywhere for scope in item.scopes)
        return (_SEVERITY[item.severity], kind, not everywhere, item.rule)

    return sorted(items, key=weight)


def shown(items: Iterable[Attention]) -> list[Attention]:
    """What nobody has accepted, the gravest first."""
    return by_weight(item for item in items if not item.accepted)


def flagged(items: Iterable[Attention]) -> list[Attention]:
    """What is shown and says more than that nobody has reviewed an action yet."""
    return [item for item in shown(items) if item.kind != "not-reviewed"]


def unreviewed(items: Iterable[Attention]) -> int:
    """How many actions nobody has reviewed yet."""
    return len(
        {action.lower() for item in shown(items) if item.kind == "not-reviewed" for action in item.actions}
    )


def marks(items: Iterable[Attention]) -> dict[str, str]:
    """Action in lower case -> how it is marked in a list."""
    weighed = sorted(shown(items), key=lambda item: item.kind != "not-reviewed")
    return {
        action.lower(): NOT_REVIEWED if item.kind == "not-reviewed" else FLAGGED
        for item in weighed
        for action in item.actions
    }


def attention_row(item: Attention, *, verb: str = "can now") -> AttentionRow:
    """One finding laid out for a reader; `verb` goes before the consequence: `can now`, `can`, `could for a while`."""
    what = f"{verb} {item.consequence}"
    return AttentionRow(
        what=what[0].upper() + what[1:],
        actions=item.actions,
        completes=item.completes,
        why=item.why,
        where=where(item.scopes) if item.scopes else (),
        source=item.source,
        source_date=item.source_date,
        severity=item.severity,
        rule=item.rule,
        since=item.since,
    )


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one consequence: each action with since when."""

    what: str  # 'Read the output of SSM commands'
    severity: str
    why: str
    source: str
    source_date: str
    rows: tuple[AttentionRow, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """Those that make it, each once, in the order of the findings."""
        return tuple(dict.fromkeys(action for row in self.rows for action in row.actions))

    @property
    def since(self) -> tuple[str, ...]:
        """The days on which the first and the newest came; one where they are the same, none where it is not known."""
        days = sorted({row.since[:10] for row in self.rows if row.since})
        return tuple(dict.fromkeys((days[0], days[-1]))) if days else ()


def finding_groups(items: Iterable[Attention]) -> tuple[FindingGroup, ...]:
    """Findings in force, already by weight, those with one consequence and reason together."""
    found: dict[tuple[str, str, str, str], list[Attention]] = {}
    for item in items:
        found.setdefault((item.severity, item.consequence, item.why, item.source), []).append(item)
    return tuple(
        FindingGroup(
            what[0].upper() + what[1:],
            severity,
            why,
            source,
            each[0].source_date,
            tuple(attention_row(one, verb="can") for one in each),
        )
        for (severity, what, why, source), each in found.items()
    )
