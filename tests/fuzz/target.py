"""One parser of foreign input, what it is fed from, and the one way to judge what came of an input."""

import logging
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.fuzz.mutate import mutated
from tests.fuzz.writes import outside
from tracker.errors import TrackerError

SLOW_S = 5.0  # of processor time for one input; most take less than a millisecond
LARGEST_MB = 1_500  # by which the process grew that read the inputs of a target


@dataclass(frozen=True, slots=True)
class Target:
    """A parser."""

    name: str
    seeds: Sequence[bytes]  # inputs that it reads
    read: Callable[[bytes], object]  # raises what `refuses` allows, and nothing else
    refuses: tuple[type[Exception], ...] = (TrackerError,)
    mutate: Callable[[bytes, random.Random], bytes] = mutated
    writes_under: str = ""  # the one folder that it may write in; empty: it writes nothing


@dataclass(slots=True)
class Outcome:
    """What came of many inputs."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # 'read', 'refused', 'crashed'
    slowest_s: float = 0.0  # of processor time
    peak_mb: int = 0

    def add(self, other: "Outcome") -> None:
        """Another batch's."""
        self.wrong += other.wrong
        self.counts += other.counts
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.peak_mb = max(self.peak_mb, other.peak_mb)


def judged(target: Target, first: int, count: int) -> Outcome:
    """What became of the inputs of `count` seeds: read, or refused in a short sentence, in time, and nothing written elsewhere."""
    out, before_mb = Outcome(), _peak_mb()  # a test's process has done other things before
    logging.disable(logging.CRITICAL)  # what is logged of each is no news
    for number in range(first, first + count):
        chance = random.Random(f"{target.name} {number}")
        raw = target.mutate(chance.choice(target.seeds), chance)
        began = time.thread_time()
        with outside(target.writes_under) as written:
            ended, problem = _ended(target, raw)
        took = time.thread_time() - began
        out.counts[ended] += 1
        out.slowest_s = max(out.slowest_s, took)
        if took > SLOW_S:
            problem = problem or f"took {took:.1f} s"
        if written:
            problem = f"wrote {sorted(written)[:3]}"
        if problem:
            out.wrong.append(f"{target.name}, seed {number}: {problem}")
    logging.disable(logging.NOTSET)
    out.peak_mb = _peak_mb()
    if out.peak_mb - before_mb > LARGEST_MB:
        out.wrong.append(f"{target.name}: {out.peak_mb} MB of memory")
    return out


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _ended(target: Target, raw: bytes) -> tuple[str, str]:
    """(how an input ended, what is wrong with that)"""
    try:
        target.read(raw)
    except target.refuses as error:
        return "refused", _unclear(error)
    except Exception as error:  # whatever it is, it is a finding
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
        return "crashed", f"{type(error).__name__}: {error}"[:200] + f" at {where}"
    return "read", ""


def _unclear(error: Exception) -> str:
    said = str(error)
    if not said.strip():
        return f"{type(error).__name__} says nothing"
    if len(said) > 4_000:  # 20 settings that are wrong, each with what would be right
        return f"a refusal of {len(said):,} characters: {said[:80]!r}"
    return ""
