"""Clocks that jump, leap days and every month's end, by libfaketime under the installed command: nothing due is missed for long.

The daemon's question, `check --if-due`, is asked at moments that the campaign chooses. A clock that was ten years ahead,
or a year behind, for a while leaves nothing that waits for its time to come again: looks, reports, digests and mails go on
as soon as the clock is right. On the 29th of February and at each month's end there is one look a day and one report a month.
"""

import calendar
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.iam_replies import fault
from tests.torture._commands import Forks, Said
from tests.torture._place import Place
from tracker.model.instants import parse_instant

LIBRARY = next(map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
NOW = datetime(2028, 1, 10, 12, tzinfo=UTC)


def missing() -> str:
    """Why no clock can be set here; empty where one can."""
    return "" if LIBRARY else "Debian's libfaketime is not installed"


def whole(seed: int) -> list[str]:
    """Jumps of several sizes, and a leap year's month ends."""
    if missing():
        print(f"no clock was set: {missing()}")
        return []
    return campaign(seed, jumps=(-365, -2, 45, 3653), year=True)


def campaign(seed: int, *, jumps: tuple[int, ...], year: bool) -> list[str]:
    """What is wrong, a sentence each."""
    found = []
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "now").touch()
        with Forks(folder, LD_PRELOAD=LIBRARY, **_faked(folder)) as forks:
            with Place(folder / "made", forks) as first:
                _begin(first)
            for days in jumps:
                for works in (True, False):
                    with Place(folder / f"{days}{works}", forks, made=first.home) as place:
                        wrong = _jump(place, timedelta(days=days), aws_believes=works)
                    found += [
                        f"{days:+} days, AWS {'takes' if works else 'refuses'} it: {one}" for one in wrong
                    ]
            if year:
                with Place(folder / "year", forks, made=first.home) as place:
                    found += _leap_year(place, random.Random(seed))
    print(f"the clock was set {', '.join(f'{one:+} days' for one in jumps)}, and back" + (
        f"; {len(_ends(2028))} month ends and the days after, 29 February 2028 among them" if year else ""))  # fmt: skip
    return found


def _faked(folder: Path) -> dict[str, str]:
    """libfaketime's settings: the time stands where the file says, until it says something else."""
    return {"FAKETIME_TIMESTAMP_FILE": str(folder / "now"), "FAKETIME_NO_CACHE": "1", "NO_FAKE_STAT": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}  # fmt: skip


def at(place: Place, moment: datetime, *args: str) -> Said:
    """The command, on a machine whose clock stands there."""
    (place.folder.parent / "now").write_text(f"{moment:%Y-%m-%d %H:%M:%S}\n")
    return place.run(*args, POLICY_TRACKER_SCHEDULE__AT="06:17", **_faked(place.folder.parent))


def _begin(place: Place) -> None:
    for moment, *args in (
        (NOW, "init", "--empty", str(place.home)),
        (NOW, "check"),
        (NOW, "subscribers", "add", "audit@example.org"),
        (NOW, "subscribers", "add", "weekly@example.org", "--frequency", "daily", "--heartbeat"),
    ):
        said = at(place, moment, *args)
        assert said.code == 0, (args, said)


def _jump(place: Place, by: timedelta, *, aws_believes: bool) -> list[str]:
    """The clock is wrong by so much for one look, with a mail in the outbox that can't go, and then right again."""
    if not aws_believes:
        place.iam.always(
            "*",
            fault("SignatureDoesNotMatch", 403, "Signature expired: 20211221T000000Z is now earlier than"),
        )
    place.publish("v2")
    place.sink.always("RCPT", "450 4.2.1 try again later")
    wrong = at(place, NOW + by, "check", "--if-due")
    found = [f"while it is wrong {one}" for one in wrong.wrong([0, 3, 4])]
    place.iam.calm()
    place.sink.calm()
    looks = len(place.lines("snapshots/aws/looks.jsonl"))
    for day in (1, 2):
        right = at(place, NOW + timedelta(days=day), "check", "--if-due")
        found += [f"right again, {one}" for one in right.wrong([0])]
    if len(place.lines("snapshots/aws/looks.jsonl")) != looks + 2:
        found.append("a look that was due was not made once the clock was right")
    said = at(place, NOW + timedelta(days=2, minutes=1), "verify")
    if said.code and (
        said.code != 3 or "1 wrong" not in said.out or "look at this machine's clock" not in said.out
    ):
        found.append(f"verify: {said}")
    seen = [str(line["version"]) for line in place.lines()]
    if seen != ["v1", "v2"]:
        found.append(f"observations: {seen}")
    mails = [mail.recipient for mail in place.sink.mails]
    if mails.count("audit@example.org") != 1:
        found.append(f"the mail of the change came {mails.count('audit@example.org')} times")
    if not 1 <= mails.count("weekly@example.org") <= 3:
        found.append(f"the daily digest came {mails.count('weekly@example.org')} times in two days")
    return found + _next_change(place, ahead=aws_believes and by > timedelta(days=2))


def _next_change(place: Place, *, ahead: bool) -> list[str]:
    """What comes next is recorded as ever; after an observation of a clock that was ahead it is said that it can't be."""
    place.publish("v3")
    after = at(place, NOW + timedelta(days=3), "check")
    if ahead:
        return after.wrong([4], "one of the two is wrong")
    seen = [str(line["version"]) for line in place.lines()]
    return (
        []
        if after.code == 0 and seen == ["v1", "v2", "v3"]
        else [f"the next change was not recorded: {after}"]
    )


def _ends(year: int) -> list[datetime]:
    return [
        datetime(year, month, calendar.monthrange(year, month)[1], 6, 20, tzinfo=UTC)
        for month in range(1, 13)
    ]


def _leap_year(place: Place, dice: random.Random) -> list[str]:
    """Cron's `check --if-due` twice at each month's end and twice the day after: one look a day, one report a month."""
    found = []
    moments = [
        one + timedelta(days=day, minutes=dice.randrange(600)) for one in _ends(2028) for day in (0, 1)
    ]
    for moment in moments:
        for again in (timedelta(), timedelta(minutes=20)):
            found += [
                f"{moment + again}: {one}"
                for one in at(place, moment + again, "check", "--if-due").wrong([0])
            ]
    looked = [parse_instant(str(line["start"])).date() for line in place.lines("snapshots/aws/looks.jsonl")][
        1:
    ]
    if looked != [moment.date() for moment in moments]:
        found.append(f"looks: {looked}")
    reports = sorted(
        path.name for path in (place.home / "changelogs").rglob("*.json") if path.name[:2] == "20"
    )
    if len(reports) != 11 + 1:
        found.append(f"reports: {reports}")
    found += at(place, moments[-1] + timedelta(hours=1), "verify").wrong([0])
    return found
