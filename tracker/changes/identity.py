"""The stable name of a change: the same facts give the same id on every machine and in every year."""

import hashlib
from dataclasses import replace

from tracker.model.history import Endpoint, Transition
from tracker.model.instants import iso

_DIGITS = 16  # 64 bits: a tracker of all policies for a century has some 10^6 changes


def change_id(transition: Transition) -> str:
    """Sixteen hexadecimal digits made from the ARN, both versions with their dates, the kind and when it was seen.

    Neither gap nor duration is part of it, nor the ARN's path, which is not part of who a policy is: all three may become
    known better without its being another change.
    """
    facts = (
        str(replace(transition.policy, path="/")),
        _end(transition.before),
        _end(transition.after),
        str(transition.kind),
        iso(transition.observed_at),
    )
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:_DIGITS]


def _end(endpoint: Endpoint | None) -> str:
    return f"{endpoint.version} {iso(endpoint.create_date)}" if endpoint else "-"
