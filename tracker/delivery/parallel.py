"""The outbox emptied by several senders at once, each with connections of its own; never more than are asked for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime

from tracker.delivery.channel import Channel
from tracker.delivery.deliver import Delivery, Stopped, deliver
from tracker.delivery.outbox import Outbox


def deliver_by(
    workers: int,
    outbox: Outbox,
    channel: Callable[[], Channel],
    clock: Callable[[], datetime],
    new_worker: Callable[[], str],
    *,
    operator: str = "",
    pace: Callable[[str], None] = lambda _: None,
) -> Delivery:
    """`deliver` in so many threads. `channel` makes each its own; a channel that stops for one stops for all.

    Of one recipient no two messages are under way at once, since only the oldest open one can be claimed. Raises as
    `deliver` does, once every thread has ended.
    """
    stopped = Stopped()

    def one() -> Delivery:
        return deliver(outbox, channel(), clock, new_worker(), operator=operator, pace=pace, stopped=stopped)

    if workers == 1:
        return one()
    with ThreadPoolExecutor(workers, thread_name_prefix="sender") as pool:
        done = [future.result() for future in [pool.submit(copy_context().run, one) for _ in range(workers)]]
    return replace(sum(done, Delivery()), stopped=stopped.worst)
