"""Scopes in words, and what changed between two sets of them: 49 -> 50 resources must show which one came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracker.changelog.wording import count
from tracker.model.change import ConditionEntry, Scope


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a scope or of its change: words of ours, then a text of the document's to be set as code."""

    sign: str  # '+', '−' or '' (stays)
    words: str  # 'on', 'except on', 'only if', 'for'
    code: str  # 'arn:aws:apigateway:*::/apis', possibly empty

    @property
    def told(self) -> str:
        """The words with what became of it: `now on`, `no longer only if`."""
        return {"+": "now ", "−": "no longer "}.get(self.sign, "") + self.words


def condition_text(entry: ConditionEntry) -> str:
    """`StringEquals aws:SourceAccount: 111111111111, 222222222222`."""
    return f"{entry.operator} {entry.key}: {', '.join(entry.values)}"


def principal_texts(scope: Scope) -> tuple[str, ...]:
    """`Service support.amazonaws.com`, one for each kind of principal."""
    return tuple(f"{kind} {', '.join(names)}" for kind, names in scope.principal or ())


def everywhere(scopes: Iterable[Scope]) -> bool:
    """True where one of the scopes is every resource under no condition."""
    return any(scope.everywhere for scope in scopes)


def in_words(scope: Scope, most: int = 3) -> str:
    """A scope in one line: `on every resource`, `on 49 resources`, `on arn:... , only if StringEquals ...`."""
    parts = []
    if scope.not_resources is not None:
        parts.append(f"on every resource except {_few(scope.not_resources, most)}")
    elif scope.resources == ("*",):
        parts.append("on every resource")
    else:
        parts.append(f"on {_few(scope.resources or (), most)}")
    parts += [f"for {'anybody but ' if scope.not_principal else ''}{who}" for who in principal_texts(scope)]
    parts += [f"only if {condition_text(entry)}" for entry in scope.condition]
    return ", ".join(parts)


def all_in_words(scopes: Sequence[Scope], most: int = 3) -> str:
    """All scopes of one action in one line, alternatives joined by `; or `."""
    if everywhere(scopes):
        return "on every resource"
    return "; or ".join(in_words(scope, most) for scope in sorted(scopes, key=_order))


def _few(resources: Sequence[str], most: int) -> str:
    if len(resources) <= most:
        return ", ".join(resources)
    return f"{count(len(resources), 'resource')} ({resources[0]}, …)"


def _order(scope: Scope) -> tuple[str, ...]:
    return (
        *(scope.resources or ()),
        "\uffff",
        *(scope.not_resources or ()),
        "\uffff",
        *principal_texts(scope),
        "\uffff",
        *map(condition_text, scope.condition),
    )


def lines(scope: Scope, sign: str = "") -> tuple[Line, ...]:
    """A scope laid out line by line, every resource and condition of it."""
    if scope.not_resources is not None:
        out = [Line(sign, "on every resource except", resource) for resource in scope.not_resources]
    elif scope.resources == ("*",):
        out = [Line(sign, "on every resource", "")]
    else:
        out = [Line(sign, "on", resource) for resource in scope.resources or ()]
    word = "for anybody but" if scope.not_principal else "for"
    out += [Line(sign, word, who) for who in principal_texts(scope)]
    out += [Line(sign, "only if", condition_text(entry)) for entry in scope.condition]
    return tuple(out)


def delta(before: Sequence[Scope], after: Sequence[Scope]) -> tuple[Line, ...]:
    """What came (`+`) and what went (`−`) between the scopes of one action; what stays is counted, not repeated.

    Scopes that stand on both sides are left out. Where one scope of each side remains, or two that differ in their
    resources alone, only the differing resources and conditions are shown; the others are shown whole.
    """
    gone = sorted(set(before) - set(after), key=_order)
    come = sorted(set(after) - set(before), key=_order)
    out: list[Line] = []
    for old in list(gone):
        new = _partner(old, come, alone=len(gone) == len(come) == 1)
        if new is not None:
            gone.remove(old)
            come.remove(new)
            out += _one(old, new)
    for scope in come:
        out += lines(scope, "+")
    for scope in gone:
        out += lines(scope, "−")
    if kept := set(before) & set(after):
        out.append(Line("", f"{count(len(kept), 'other scope')} as before", ""))
    return tuple(out)


def _partner(old: Scope, candidates: Sequence[Scope], *, alone: bool) -> Scope | None:
    """The scope of the other side that is the same but for its resources; any, where only one is left on each side."""
    for new in candidates:
        kind = (old.resources is None) == (new.resources is None)
        rest = (old.principal, old.not_principal, old.condition) == (
            new.principal,
            new.not_principal,
            new.condition,
        )
        if kind and (rest or alone):
            return new
    return None


def _one(old: Scope, new: Scope) -> list[Line]:
    excluded = new.not_resources is not None
    word = "on every resource except" if excluded else "on"
    old_places, new_places = (
        old.not_resources or old.resources or (),
        new.not_resources or new.resources or (),
    )
    kept = set(old_places) & set(new_places)

    def place(sign: str, resource: str) -> Line:
        return (
            Line(sign, "on every resource", "")
            if resource == "*" and not excluded
            else Line(sign, word, resource)
        )

    out = [place("+", resource) for resource in new_places if resource not in kept]
    out += [place("−", resource) for resource in old_places if resource not in kept]
    if out and kept:
        change = (
            f"{len(old_places)} → {len(new_places)}"
            if len(old_places) != len(new_places)
            else str(len(new_places))
        )
        out.append(Line("", f"{change} resources, {len(kept)} of them as before", ""))
    elif not out and new_places and (old.condition != new.condition or old.principal != new.principal):
        out += (
            [Line("", "on every resource", "")]
            if new_places == ("*",)
            else [Line("", word, r) for r in new_places]
        )
    for sign, side, other in (("+", new, old), ("−", old, new)):
        was_principals = principal_texts(other) if other.not_principal == side.not_principal else ()
        who = "for anybody but" if side.not_principal else "for"
        out += [Line(sign, who, text) for text in principal_texts(side) if text not in was_principals]
        out += [
            Line(sign, "only if", condition_text(entry))
            for entry in side.condition
            if entry not in other.condition
        ]
    out += [Line("", "only if", condition_text(entry)) for entry in new.condition if entry in old.condition]
    return out
