"""Scopes in words, and what changed between two sets of them: 49 -> 50 resources must show which one came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracker.changelog.wording import count
from tracker.model.change import ConditionEntry, Scope

_ON, _EXCEPT = "on", "on every resource except"


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


def where(scopes: Sequence[Scope], most: int = 3) -> tuple[Line, ...]:
    """Where something holds, to be set in one line: `on every resource`, or `on arn:..., only if ..., or on arn:...`.

    A scope of more than `most` resources is counted, with the first of them as an example.
    """
    if everywhere(scopes):
        return (Line("", "on every resource", ""),)
    out: list[Line] = []
    for scope in sorted(scopes, key=_order):
        told = lines(scope)
        places = [line for line in told if line.words in (_ON, _EXCEPT)]
        if len(places) > most:
            counted = Line("", f"{places[0].words} {count(len(places), 'resource')} such as", places[0].code)
            told = (counted, *told[len(places) :])
        if out:
            told = (Line("", f"or {told[0].words}", told[0].code), *told[1:])
        out += told
    return tuple(out)


def all_in_words(scopes: Sequence[Scope], most: int = 3) -> str:
    """Where something holds, as plain words in one line."""
    return in_one_line(where(scopes, most))


def in_one_line(told: Iterable[Line]) -> str:
    """Lines of a scope as plain words, joined by commas."""
    return ", ".join(f"{line.told} {line.code}".rstrip() for line in told)


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
        out = [Line(sign, _EXCEPT, resource) for resource in scope.not_resources]
    elif scope.resources == ("*",):
        out = [Line(sign, "on every resource", "")]
    else:
        out = [Line(sign, _ON, resource) for resource in scope.resources or ()]
    word = "for anybody but" if scope.not_principal else "for"
    out += [Line(sign, word, who) for who in principal_texts(scope)]
    out += [Line(sign, "only if", condition_text(entry)) for entry in scope.condition]
    return tuple(out)


def delta(before: Sequence[Scope], after: Sequence[Scope]) -> tuple[Line, ...]:
    """What came (`+`) and what went (`−`) between the scopes of one action; what stays is counted, not repeated.

    Scopes that stand on both sides are left out. Where one scope of each side remains, or two that differ in their
    resources alone, only the differing resources and conditions are shown; the others are shown whole.
    """
    if set(before) == set(after):
        return (Line("", "the allowing statements as before; what a deny withholds is other", ""),)
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
    """Two scopes of the same build, in the resources, principals and conditions that differ."""
    return _places(old, new) + _principals(old, new) + _conditions(old, new)


def _places(old: Scope, new: Scope) -> list[Line]:
    excluded = new.not_resources is not None
    word = _EXCEPT if excluded else _ON
    before = old.not_resources or old.resources or ()
    after = new.not_resources or new.resources or ()
    kept = set(before) & set(after)

    def place(sign: str, resource: str) -> Line:
        return (
            Line(sign, "on every resource", "")
            if (resource, excluded) == ("*", False)
            else Line(sign, word, resource)
        )

    if before == after:
        return [place("", resource) for resource in after]
    out = []
    if kept:
        totals = f"{len(before)} → {len(after)}" if len(before) != len(after) else str(len(after))
        out.append(Line("", f"{totals} resources, {len(kept)} of them as before", ""))
    out += [place("+", resource) for resource in after if resource not in kept]
    return out + [place("−", resource) for resource in before if resource not in kept]


def _principals(old: Scope, new: Scope) -> list[Line]:
    was = principal_texts(old) if old.not_principal == new.not_principal else ()
    now = principal_texts(new) if old.not_principal == new.not_principal else ()
    sides = (("+", new, was), ("−", old, now))
    return [
        Line(sign, "for anybody but" if side.not_principal else "for", text)
        for sign, side, other in sides
        for text in principal_texts(side)
        if text not in other
    ]


def _conditions(old: Scope, new: Scope) -> list[Line]:
    come = [entry for entry in new.condition if entry not in old.condition]
    gone = [entry for entry in old.condition if entry not in new.condition]
    kept = [entry for entry in new.condition if entry in old.condition]
    return [
        Line(sign, "only if", condition_text(entry))
        for sign, entries in (("+", come), ("−", gone), ("", kept))
        for entry in entries
    ]
