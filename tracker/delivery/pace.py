"""Not faster than this: so many messages a second at most, by channel, whichever threads send them."""

import time
from collections.abc import Callable, Mapping
from threading import Lock


class Pace:
    """Called with a channel's name before each message; waits until its turn. `rates`: messages a second, by channel.

    One process's own: two that send at once may be twice as fast together.
    """

    def __init__(
        self,
        rates: Mapping[str, float],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rates, self._clock, self._sleep = dict(rates), clock, sleep
        self._free: dict[str, float] = {}  # when the next message of a channel may go
        self._lock = Lock()

    def __call__(self, channel: str) -> None:
        """Wait, if this channel has a limit."""
        rate = self._rates.get(channel)
        if rate is None:
            return
        with self._lock:
            now = self._clock()
            turn = max(now, self._free.get(channel, now))
            self._free[channel] = turn + 1 / rate
        if turn > now:
            self._sleep(turn - now)


def rates(settings: tuple[str, ...]) -> dict[str, float]:
    """`('mail=10', 'slack=1')` as numbers by channel."""
    pairs = (one.partition("=") for one in settings)
    return {name: float(rate) for name, _, rate in pairs}
