"""Two daemons, cron's `check --if-due` and a person's `check` on one folder, a thousand rounds long, while AWS goes on changing.

One record a change and one message a team, whoever finds it; what waits for another waits, and nobody is shown a lock.
"""

import random
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.world import SUPPORT, allowing
from tests.torture._commands import COMMAND, Forks, Said
from tests.torture._place import Place

# What cron and the daemons ask comes true every minute; on a machine that has a hundred other things to do a round takes long.
OFTEN = {"POLICY_TRACKER_SCHEDULE__LOOK": "1m", "POLICY_TRACKER_LOCK_WAIT_S": "200"}


def whole(seed: int) -> list[str]:
    """A thousand commands by two hands, with two daemons beside them and forty versions on the way."""
    return campaign(seed, rounds=1000, changes=40)


def campaign(seed: int, *, rounds: int, changes: int) -> list[str]:
    """What is wrong, a sentence each."""
    dice, found = random.Random(seed), []
    with TemporaryDirectory() as made:
        folder = Path(made)
        with Forks(folder) as forks, Place(folder / "place", forks) as place:
            place.make()
            daemons = [_daemon(place, number) for number in (1, 2)]
            at = sorted(dice.sample(range(rounds), changes))
            for number in range(0, rounds, 2):
                for _ in range(sum(number <= one < number + 2 for one in at)):
                    _publish(place, sum(one < number + 2 for one in at))
                hands = [("check", "--if-due"), ("check",)]
                running = [forks.start(args, place.environment(**OFTEN)) for args in dice.sample(hands, 2)]
                for process in running:
                    found += [f"round {number}: {one}" for one in _ended(forks.reap(process))]
            spoke = [_stop(daemon) for daemon in daemons]
            for number, said in enumerate(spoke, 1):
                found += [f"daemon {number}: {one}" for one in _ended(said)]
            seen = [str(line["version"]) for line in place.lines()]
            found += place.wrong(versions=seen, mails=len(seen) - 1)
            looks = len(place.lines("snapshots/aws/looks.jsonl"))
            found += [] if seen[-1] == f"v{2 + changes}" else [f"the last default on record is {seen[-1]}"]
    print(f"{rounds} commands beside two daemons, {looks} looks, {len(seen) - 1} changes on record, "
          f"{len(place.sink.mails)} mails")  # fmt: skip
    return found


def _publish(place: Place, number: int) -> None:
    made = datetime(2026, 4, 1, tzinfo=UTC) + timedelta(hours=number)
    document = allowing("s3:GetObject", resource=f"arn:aws:s3:::bucket-{number}/*")
    place.iam.put(SUPPORT, f"v{2 + number}", document, made)


def _daemon(place: Place, number: int) -> tuple["subprocess.Popen[str]", Path]:
    kept = place.folder / f"daemon{number}"
    with kept.open("w") as file:
        process = subprocess.Popen(
            [str(COMMAND), "daemon"],
            env=place.environment(**OFTEN),
            cwd=place.folder,
            stdout=file,
            stderr=file,
            text=True,
        )
    deadline = time.monotonic() + 120
    while "looks every" not in kept.read_text() and "  looks " not in kept.read_text():
        assert process.poll() is None, kept.read_text()
        assert time.monotonic() < deadline, "the daemon does not come up"
        time.sleep(0.05)
    return process, kept


def _stop(daemon: tuple["subprocess.Popen[str]", Path]) -> Said:
    process, kept = daemon
    process.terminate()
    return Said(process.wait(120), kept.read_text(), "")


def _ended(said: Said) -> list[str]:
    found = said.wrong([0])
    if "locked" in said.out + said.err or "another round" in said.out + said.err:
        found.append(f"a lock reaches a person: {said.err[-300:] or said.out[-300:]}")
    return found
