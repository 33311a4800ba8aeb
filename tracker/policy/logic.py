"""Can a request be allowed here and not there? A small satisfiability search over claims on a request's parts.

Scopes are conjunctions of claims, each on one part of a request (its action, its resource, its principal, a context
key), and the parts are independent of one another. So 'inside this scope and outside of those' is one conjunction and
one clause of alternatives for each scope to stay outside of; the parts decide for themselves (`holds_together`).
"""

from collections.abc import Iterable, Mapping, Sequence

from tracker.policy.values import Literal3, Met, Predicate, holds_together, worst

Clause = tuple[Literal3, ...]  # at least one of them must hold
State = Mapping[str, frozenset[tuple[Predicate, bool]]]  # what is claimed of each part so far

STEPS = 3_000  # of the search, before it gives up


def satisfiable(claims: Iterable[Literal3], clauses: Iterable[Clause], steps: int = STEPS) -> Met:
    """True where some request meets every claim and one literal of each clause; None where that is not decided."""
    state: State = {}
    for literal in claims:
        grown = _grown(state, literal)
        if grown is None:
            return False
        state = grown
    return _Search(steps).run(state, list(clauses))


def outside(scope: Sequence[Literal3]) -> Clause:
    """The clause that holds outside of a scope."""
    return tuple((variable, predicate, not must) for variable, predicate, must in scope)


def _grown(state: State, literal: Literal3) -> State | None:
    """The state with one more claim; None where that cannot be."""
    variable, predicate, must = literal
    known = state.get(variable, frozenset())
    if (predicate, must) in known:
        return state
    claims = known | {(predicate, must)}
    return None if holds_together(variable, claims) is False else {**state, variable: claims}


class _Search:
    def __init__(self, steps: int) -> None:
        self._left = steps

    def run(self, state: State, clauses: list[Clause]) -> Met:
        self._left -= 1
        if self._left < 0:
            return None
        settled = self._propagate(state, clauses)
        if settled is None:
            return False
        state, clauses = settled
        if not clauses:
            return worst(holds_together(variable, claims) for variable, claims in state.items())
        clause = min(clauses, key=len)
        rest = [one for one in clauses if one is not clause]
        found: Met = False
        for literal in clause:
            grown = _grown(state, literal)
            if grown is None:
                continue
            answer = self.run(grown, rest)
            if answer:
                return True
            if answer is None:
                found = None
            # the next alternatives are tried where this one does not hold
            variable, predicate, must = literal
            without = _grown(state, (variable, predicate, not must))
            if without is None:
                break
            state = without
        return found

    def _propagate(self, state: State, clauses: list[Clause]) -> tuple[State, list[Clause]] | None:
        """Drop literals that cannot hold and clauses that do; take what is left without a choice. None: impossible."""
        changed = True
        while changed:
            changed = False
            open_: list[Clause] = []
            for clause in clauses:
                if any((p, must) in state.get(v, frozenset()) for v, p, must in clause):
                    continue
                possible = {one: grown for one in clause if (grown := _grown(state, one)) is not None}
                if not possible:
                    return None
                if len(possible) == 1:
                    (state,) = possible.values()
                    changed = True
                else:
                    open_.append(tuple(possible))
            clauses = open_
        return state, clauses
