"""Many looks at once: in order, within the bound, a fault beside the answers."""

import threading
import time

import pytest

from tracker.errors import SourceUnavailableError
from tracker.model.asking import Answer, Known, Listing
from tracker.model.identity import PolicyArn
from tracker.sources.parallel import AHEAD, Ask, answers

ARNS = [PolicyArn("aws", f"Policy{number:03}") for number in range(400)]


class Slow:
    """A source that takes its time, and counts how many ask at once."""

    def __init__(self, *failing: PolicyArn) -> None:
        self.failing = failing
        self.under_way = self.most = self.asked = 0
        self.lock = threading.Lock()

    def look(self, arn: PolicyArn, known: Known, listing: Listing | None = None) -> Answer:
        with self.lock:
            self.asked += 1
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        time.sleep(0.0005 * (hash(arn) % 3))
        with self.lock:
            self.under_way -= 1
        if arn in self.failing:
            raise SourceUnavailableError(f"no {arn.name}")
        return Answer(arn, None)

    def find(self, name: str, partition: str = "aws") -> PolicyArn:
        raise NotImplementedError

    def listing(self, partition: str, *, attached: bool = False) -> Listing:
        raise NotImplementedError


@pytest.mark.parametrize("parallel", [1, 4, 64])
def test_answers_come_in_the_order_asked_and_no_more_at_once_than_allowed(parallel: int) -> None:
    source = Slow(ARNS[3], ARNS[17])
    found = list(answers(source, [Ask(arn, Known()) for arn in ARNS], parallel))
    assert [one.arn for one, _ in found] == ARNS
    faults = [str(answer) for _, answer in found if isinstance(answer, SourceUnavailableError)]
    assert faults == ["no Policy003", "no Policy017"]
    assert source.most <= parallel


def test_who_takes_slowly_is_not_run_ahead_of() -> None:
    source = Slow()
    taken = answers(source, (Ask(arn, Known()) for arn in ARNS), 2)
    next(taken)
    time.sleep(0.1)
    assert source.asked <= 2 + AHEAD
    taken.close()
    assert source.under_way == 0


def test_an_error_of_our_own_is_raised() -> None:
    class Broken(Slow):
        def look(self, arn: PolicyArn, known: Known, listing: Listing | None = None) -> Answer:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(answers(Broken(), [Ask(arn, Known()) for arn in ARNS], 3))
