"""One `check` that ends its process without a word at the given step: the target of a process of `children`."""

import os
from datetime import timedelta
from pathlib import Path

from tests.support.world import START, SUPPORT, Clock, make_world
from tracker import service
from tracker.delivery.channel import Parcel
from tracker.model.watch import Watch

CRASHED = 9


def check(folder: Path, last: int, everything: bool = False) -> int:
    """Run one check, or as much of it as is wanted; with `last` = 0 all of it. Returns how many steps there were."""
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
    service.check(world.tracker, Watch(listing="all", partitions=("aws",)) if everything else [SUPPORT])
    return passed
