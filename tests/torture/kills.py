"""kill -9 at random moments of check, import, deliver, reindex, backup, migration and site build: nothing is lost by any of them.

Each is first run whole, to see how long it takes; then a new one is killed somewhere within that time. After the next
start the versions, observations and changes are all there, the index is what `reindex` makes of the files, each team has
its mail, and at most the one that was in hand between DATA and its answer has it twice.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.support.world import SUPPORT
from tests.torture._commands import Forks, Said
from tests.torture._place import DOCUMENTS, FIRST, SECOND, THIRD, Place, begun

VICTIMS = ("check", "import", "deliver", "reindex", "backup", "migration", "site build")


@dataclass(frozen=True, slots=True)
class Victim:
    """What is killed: how its place is made ready, its arguments, and what must be so after it and the next start."""

    ready: Callable[[Place], None]
    args: Callable[[Place], tuple[str, ...]]
    wrong: Callable[[Place], list[str]]


def whole(seed: int, only: str = "") -> list[str]:
    """210 kills: thirty of each."""
    return campaign(seed, tuple(one for one in VICTIMS if only in one), kills=30)


def campaign(seed: int, victims: tuple[str, ...], *, kills: int) -> list[str]:
    """Kill each so many times; what is wrong, a sentence each."""
    with begun() as (folder, forks):
        return kill_each(seed, folder, forks, victims, kills=kills)


def kill_each(seed: int, folder: Path, forks: Forks, victims: tuple[str, ...], *, kills: int) -> list[str]:
    """The same beside a tracker that was made already, `made` in the folder."""
    found, dice, ended = [], random.Random(seed), Counter[str]()
    _answers(folder / "answers")
    for name in victims:
        victim, longest = _VICTIMS[name], 0.0
        for number in range(kills + 1):
            with Place(folder / "place", forks, made=folder / "made" / "home") as place:
                victim.ready(place)
                if not number:  # whole, and how long it takes
                    began = time.monotonic()
                    whole_one = place.run(*victim.args(place)).wrong([0])
                    longest = time.monotonic() - began
                    found += [f"{name}, not killed: {one}" for one in whole_one]
                else:
                    said = _killed(place, victim.args(place), longest * dice.random() ** 0.7)
                    ended[f"{name} killed" if said.code == -signal.SIGKILL else f"{name} done already"] += 1
                    longest *= 0.9 if said.code == 0 else 1  # the machine is faster now
                place.end_leases()
                found += [f"{name}, kill {number}: {one}" for one in victim.wrong(place)]
            shutil.rmtree(folder / "place")
        here = {what: count for what, count in ended.items() if what.startswith(name)}
        print(
            ", ".join(f"{count} {what}" for what, count in sorted(here.items())),
            f"{len(found)} findings so far",
            sep="; ",
            flush=True,
        )
    in_time = sum(count for what, count in ended.items() if "killed" in what)
    print(
        f"{sum(ended.values())} kills, {in_time} of them in time: {', '.join(f'{n} {what}' for what, n in sorted(ended.items()))}"
    )
    return found


def _killed(place: Place, args: tuple[str, ...], after: float) -> Said:
    assert place.forks is not None
    process = place.forks.start(args, place.environment())
    time.sleep(after)
    os.kill(process, signal.SIGKILL)
    return place.forks.reap(process)


def _answers(folder: Path) -> None:
    """Answers of get-policy-version, as `import` reads them: v1 to v3."""
    folder.mkdir()
    for version, made in (("v1", FIRST), ("v2", SECOND), ("v3", THIRD)):
        answer = {
            "PolicyVersion": {
                "Document": DOCUMENTS[version],
                "VersionId": version,
                "IsDefaultVersion": True,
                "CreateDate": made,
            }
        }
        (folder / f"{SUPPORT.name}_{version}.json").write_text(json.dumps(answer))


def _nothing(place: Place) -> None:
    """As it was made."""


def _published(place: Place) -> None:
    place.publish()


def _waiting(place: Place) -> None:
    """A change is recorded, and its mails wait: the server puts them off."""
    place.publish()
    place.sink.always("RCPT", "450 4.2.1 try again later")
    place.run("check")
    place.sink.calm()
    place.end_leases()


def _old(place: Place) -> None:
    """A database of an older release: what the last two migrations made is taken out again."""
    place.publish()
    with closing(sqlite3.connect(place.home / "tracker.db", isolation_level=None)) as connection:
        connection.executescript("""
            DROP TABLE signoffs;
            DROP TABLE signoff_files;
            DELETE FROM _sqlite_migrations WHERE name IN ('m008_ungranted', 'm009_signoffs');
            PRAGMA user_version=7;
        """)


def _checked(place: Place) -> list[str]:
    return place.wrong(twice=1)


def _imported(place: Place) -> list[str]:
    """The same import again completes it; nobody is mailed of the past."""
    found = place.run("import", str(place.folder.parent / "answers")).wrong([0])
    place.publish()
    found += place.run("check").wrong([0])
    with place.database().reading() as connection:
        held = {one for (one,) in connection.execute("SELECT version FROM snapshots")}
    if held != {"v1", "v2", "v3"}:
        found.append(f"snapshots after the import: {sorted(held)}")
    found += [f"verify: {one}" for one in place.run("verify").wrong([0])]
    if any(count > 1 for count in place.mails().values()):
        found.append("a mail came twice")
    return found + place.index_wrong()


def _unchanged(place: Place) -> list[str]:
    found = place.wrong(versions=("v1", "v2"), mails=0)
    place.publish()
    return found + place.wrong()


def _backed_up(place: Place) -> list[str]:
    """What is there is whole, and what is not whole has not the name; the next one is made."""
    found = []
    target = place.folder / "backup"
    if target.exists():
        found += [
            f"a backup that is there: {one}"
            for one in place.run("restore", str(target), str(place.folder / "again")).wrong([0])
        ]
    found += place.run("backup", str(place.folder / "backup2")).wrong([0])
    return found + _unchanged(place)


def _built(place: Place) -> list[str]:
    """Built again it is what another build makes of the same archive, which is made once."""
    other = place.folder.parent / "other"
    for folder in (place.folder / "site", *([] if other.exists() else [other])):
        said = place.run("site", "build", str(folder))
        if said.code:
            return [f"the next build: {said}"]
    first, second = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (place.folder / "site", other)
    )
    differ = sorted(path for path in first.keys() | second.keys() if first.get(path) != second.get(path))
    return [f"the site differs from one built anew: {differ[:5]}"] if differ else []


_VICTIMS = {
    "check": Victim(_published, lambda _: ("check",), _checked),
    "import": Victim(_nothing, lambda place: ("import", str(place.folder.parent / "answers")), _imported),
    "deliver": Victim(_waiting, lambda _: ("outbox", "send"), _checked),
    "reindex": Victim(_nothing, lambda _: ("reindex",), _unchanged),
    "backup": Victim(_nothing, lambda place: ("backup", str(place.folder / "backup")), _backed_up),
    "migration": Victim(_old, lambda _: ("check",), _checked),
    "site build": Victim(_nothing, lambda place: ("site", "build", str(place.folder / "site")), _built),
}
assert set(_VICTIMS) == set(VICTIMS)
