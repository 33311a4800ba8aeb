"""One `check` in a process of its own that ends without a word at the given step: `python -m tests.support.crash FOLDER N [all]`.

With N = 0 it runs to its end and prints how many steps there were.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path

from tests.support.world import START, SUPPORT, Clock, make_world
from tracker import service
from tracker.delivery.channel import Parcel
from tracker.model.watch import Watch

CRASHED = 9


def main() -> None:
    """Run one check, or as much of it as is wanted."""
    folder, last = Path(sys.argv[1]), int(sys.argv[2])
    passed = 0

    def step(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == last:
            (folder / "crashed-at").write_text(name)
            os._exit(CRASHED)

    world = make_world(folder, Clock(START + timedelta(days=30)), step, ids=f"crash{last}")
    mailbox = world.mailbox

    class Stepping:
        """The mailbox with a step before and after a mail is taken."""

        def send(self, parcel: Parcel) -> str:
            step("before-data")
            answer = mailbox.send(parcel)
            step("after-data")
            return answer

        def close(self) -> None:
            mailbox.close()

    object.__setattr__(world.tracker, "channel", Stepping)
    everything = Watch(listing="all", partitions=("aws",))
    service.check(world.tracker, everything if sys.argv[3:] == ["all"] else [SUPPORT])
    print(passed)


if __name__ == "__main__":
    main()
