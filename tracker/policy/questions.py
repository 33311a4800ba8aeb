"""Who may call what: a question held against what policies say, exactly, by the languages of the patterns.

A pattern as a question means 'any of these', or with `every` 'all of these'. A Deny is subtracted: what it withholds
everywhere is not allowed; what it withholds in part is allowed, and the Deny is told beside it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import InputError
from tracker.model.asked import How, Moment, Question, Said, Span
from tracker.model.change import Effect, Scope
from tracker.policy.patterns import canonical_action, covers, is_wild, matches, overlap

if TYPE_CHECKING:
    from tracker.policy.regions import Claims, Region


def question(text: str) -> Question:
    """A question from what somebody typed. Raises InputError for what is neither an action nor a pattern of them."""
    asked = text.strip()
    service, colon, name = asked.partition(":")
    if asked == "*" or (colon and service and name and " " not in asked and ":" not in name):
        return Question(asked, canonical_action(asked.lower()))
    advice = "wanted: an action like s3:GetObject, or a pattern like 's3:Get*' or '*:Decrypt'"
    if asked and not colon and " " not in asked:
        advice += f"; of any service: '*:{asked}'"
    raise InputError(f"neither an action nor a pattern of actions: {text!r}", advice=advice)


def concerns(asked: Question, how: How, pattern: str) -> bool:
    """Whether a statement's pattern and the question have an action in common, one that AWS has yet to invent included."""
    if how == "all-but" and asked.single:
        names, wild = _all_but(pattern)
        return asked.pattern not in names and not any(matches(one, asked.pattern) for one in wild)
    if how == "all-but":
        patterns = pattern.split(" ")
        if asked.pattern[0] not in "*?":  # only what may begin alike can cover any of it
            patterns = [one for one in patterns if one[0] == asked.pattern[0] or one[0] in "*?"]
        return not covers(patterns, asked.pattern)
    if asked.single:
        return matches(pattern, asked.pattern)
    return overlap(pattern, asked.pattern)


@lru_cache(maxsize=512)
def _all_but(pattern: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """What a NotAction list leaves out: by name, and by wildcard."""
    listed = pattern.split(" ")
    return frozenset(one for one in listed if not is_wild(one)), tuple(filter(is_wild, listed))


def spans(asked: Question, said: Sequence[Said], *, every: bool) -> tuple[Span, ...]:
    """When a policy allowed what was asked, from all that it said about it, oldest first."""
    simple = all(one.effect == "Allow" for one in said) and (asked.single or not every)
    return _union(said) if simple else _judged(asked, said, every)


def _union(said: Sequence[Said]) -> tuple[Span, ...]:
    """Any of it is enough."""
    found: list[Span] = []
    for one in said:
        if one.until is not None and one.until.at <= one.since.at:
            continue  # two defaults at one instant: nobody saw the first
        if found and (found[-1].until is None or one.since.at <= found[-1].until.at):
            last = found[-1]
            if last.until is not None and (one.until is None or one.until.at > last.until.at):
                found[-1] = Span(last.since, one.until)
        else:
            found.append(Span(one.since, one.until))
    return tuple(found)


def _judged(asked: Question, said: Sequence[Said], every: bool) -> tuple[Span, ...]:
    """Each stretch between two moments at which something began or ended is judged by itself."""
    turns: dict[object, Moment] = {}
    for one in said:
        turns.setdefault(one.since.at, one.since)
        if one.until is not None:
            turns.setdefault(one.until.at, one.until)
    moments = sorted(turns.values(), key=lambda one: one.at)
    known: dict[tuple[int, ...], bool] = {}
    found: list[Span] = []
    for moment, following in zip(moments, [*moments[1:], None], strict=True):
        holding = tuple(number for number, one in enumerate(said) if one.holds_at(moment.at))
        if holding not in known:
            known[holding] = allowed(asked, [said[number] for number in holding], every=every)
        if not known[holding]:
            continue
        if found and found[-1].until is moment:
            found[-1] = Span(found[-1].since, following)
        else:
            found.append(Span(moment, following))
    return tuple(found)


def allowed(asked: Question, said: Sequence[Said], *, every: bool) -> bool:
    """Whether what is said at one moment allows what is asked: any action of it, or with `every` all of them."""
    return _allowed(asked, tuple(map(_Rule.of, said)), every)


class _Rule(NamedTuple):
    """What is said, without when and by which statement."""

    effect: Effect
    how: How
    pattern: str
    scope: Scope
    literal_variables: bool

    @classmethod
    def of(cls, one: Said) -> "_Rule":
        return cls(one.effect, one.how, one.pattern, one.scope, one.literal_variables)


@lru_cache(maxsize=1024)  # hundreds of policies say the same about an action
def _allowed(asked: Question, said: tuple[_Rule, ...], every: bool) -> bool:
    allows = [one for one in said if one.effect == "Allow"]
    denies = [one for one in said if one.effect == "Deny"]
    if every and not asked.single:
        return covered(asked, asked, allows) and not any(
            _withheld([asked, deny], allows, denies)
            for deny in denies
            if concerns(asked, deny.how, deny.pattern)
        )
    return bool(allows) and not (denies and _withheld([asked], allows, denies))


def newly(asked: Question, one: Said, before: Sequence[Said]) -> bool:
    """Whether something that is said lets through an action of the question that nothing before let through."""
    return not covered(asked, one, [each for each in before if each.effect == "Allow"])


def covered(asked: Question, one: "Question | Said | _Rule", by: "Sequence[Said | _Rule]") -> bool:
    """Whether every action that is both of the question and of `one` is let through by others, whatever their scope."""
    target = one.pattern
    if all(each.how != "all-but" for each in by) and not (
        not isinstance(one, Question) and one.how == "all-but"
    ):
        patterns = {each.pattern for each in by}
        if covers(patterns, target) or covers(patterns, asked.pattern):
            return True
        if covers([target], asked.pattern) or covers([asked.pattern], target):
            return False  # what they have in common is one of the two
    from tracker.policy.logic import outside, satisfiable  # only for what plain patterns don't tell

    return satisfiable([*_actions(asked), *_actions(one)], [outside(_actions(each)) for each in by]) is False


def exceeding(asked: Question, now: Sequence[Said], before: Sequence[Said]) -> bool:
    """Whether something of the question is allowed now that was not before, anywhere. What can't be decided counts as if."""
    rules, was = frozenset(map(_Rule.of, now)), frozenset(map(_Rule.of, before))
    if rules == was:
        return False
    from tracker.policy.regions import exceeds

    return exceeds(_region(rules, asked), _region(was, asked)) is not False


def _region(rules: Iterable[_Rule], asked: Question) -> "Region":
    from tracker.policy.regions import Region

    ordered = sorted(rules, key=repr)
    allows = [one for one in ordered if one.effect == "Allow"]
    denies = [one for one in ordered if one.effect == "Deny"]
    return Region(tuple(_scoped(allows, _actions(asked))), tuple(_scoped(denies, ())))


def _withheld(whose: Sequence["Question | _Rule"], allows: Sequence[_Rule], denies: Sequence[_Rule]) -> bool:
    """True where the denies take back all that is allowed of some actions, proved."""
    from tracker.policy.regions import Region, is_empty

    wanted = tuple(claim for one in whose for claim in _actions(one))
    return is_empty(Region(tuple(_scoped(allows, wanted)), tuple(_scoped(denies, ()))))


def _scoped(said: Iterable[_Rule], more: "Claims") -> "Iterator[Claims]":
    from tracker.policy.document import Place
    from tracker.policy.regions import claims_of

    for one in said:
        where = claims_of(Place(one.scope, one.literal_variables))
        if where is not None:
            yield (*more, *_actions(one), *where)


def _actions(one: "Question | Said | _Rule") -> "Claims":
    """What a pattern, or a NotAction list, claims of a request's action."""
    from tracker.policy.values import ACTION, Predicate, Values

    def among(patterns: Iterable[str], *, must: bool) -> "Claims":
        values = Values("string", frozenset(("glob", pattern) for pattern in patterns))
        return ((ACTION, Predicate("one", values), must),)

    # What has no service or no name is no action.
    some = among(["?*:?*"], must=True)
    if not isinstance(one, Question) and one.how == "all-but":
        return some + among(one.pattern.split(" "), must=False)
    return some + among([one.pattern], must=True)
