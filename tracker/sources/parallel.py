"""Many looks at once, with a bound: what comes back is told in the order that was asked, a fault beside the answers.

How fast AWS may be asked is the client's to know (its tokens are shared by all calls); here is how many wait at once.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker.errors import TrackerError
from tracker.model.asking import Answer, Known, Listing
from tracker.model.identity import PolicyArn
from tracker.sources.source import Source

if TYPE_CHECKING:
    from concurrent.futures import Future

# Answers waiting to be taken: enough to keep the calls going while a batch is written; a policy has 150 KB at most.
AHEAD = 200


@dataclass(frozen=True, slots=True)
class Ask:
    """One policy that is to be looked at."""

    arn: PolicyArn
    known: Known
    listing: Listing | None = None  # that told of it just now
    first: bool = False  # nobody has looked at it before


def answers(
    source: Source,
    asks: Iterable[Ask],
    parallel: int = 1,
    then: Callable[[Ask, Answer], object] = lambda ask, answer: None,
) -> Generator[tuple[Ask, Answer | TrackerError], None, None]:
    """What the source answers to each, in their order; at most `parallel` at once. Any other error is raised.

    `then` is called with each answer in the thread that got it: for what can be made ready beside the other calls.
    """
    if parallel <= 1:
        yield from ((one, _answer(source, one, then)) for one in asks)
        return
    from concurrent.futures import ThreadPoolExecutor  # a look at one policy needs no threads

    waiting: deque[tuple[Ask, Future[Answer | TrackerError]]] = deque()
    with ThreadPoolExecutor(parallel, thread_name_prefix="look") as pool:
        try:
            for one in asks:
                waiting.append((one, pool.submit(copy_context().run, _answer, source, one, then)))
                if len(waiting) >= parallel + AHEAD:
                    yield _next(waiting)
            while waiting:
                yield _next(waiting)
        finally:
            for _, future in waiting:
                future.cancel()


def _next(waiting: "deque[tuple[Ask, Future[Answer | TrackerError]]]") -> tuple[Ask, Answer | TrackerError]:
    one, future = waiting.popleft()
    return one, future.result()


def _answer(source: Source, one: Ask, then: Callable[[Ask, Answer], object]) -> Answer | TrackerError:
    try:
        answer = source.look(one.arn, one.known, one.listing)
        then(one, answer)
    except TrackerError as error:
        return error
    return answer
