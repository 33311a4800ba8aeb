"""Files that are not what was written: torn lines, half files, flipped bits, an index that is gone or of a newer release.

After each damage questions are asked of it, then AWS has a new version and `check` runs, then what the program advises is
done: repaired by the next look, by `reindex`, or by `restore` of a backup made before. No answer may be silently another
than before; where SQLite holds a bit that no checksum guards, `verify` must say so, and what even it can't see is counted.
"""

import json
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture._commands import Forks, Said
from tests.torture._place import FOLDER, Place, begun

NAME = "AWSSupportServiceRolePolicy"
QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("log", "--json"), ("show", f"{NAME}@v1", "--json"), ("show", f"{NAME}@v2", "--json"), ("attention", NAME, "--json"),
    ("search", "s3:GetObject", "--json"), ("subscribers", "list", "--json"),
)  # fmt: skip
TIMELINE, LOOKS, INDEX = f"{FOLDER}/timeline.jsonl", "snapshots/aws/looks.jsonl", "tracker.db"
Spoil = Callable[[Path, random.Random], None]


@dataclass
class Tally:
    """What became of the damages, counted."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unseen: list[str] = field(default_factory=list)


def whole(seed: int, only: str = "") -> list[str]:
    """Every damage, those at random places many times."""
    return campaign(seed, [one for one in cases(times=12) if only in one[0]])


def cases(times: int) -> list[tuple[str, Spoil]]:
    """(what is done, how) of each damage; those at random places so many times."""
    once = {
        "index deleted": lambda home, _: [one.unlink() for one in home.glob("tracker.db*")],
        "index deleted, its log left": lambda home, _: (home / INDEX).unlink(),
        "index emptied": lambda home, _: (home / INDEX).write_bytes(b""),
        "index of a newer release": _newer,
        "index of another program": _foreign,
        "index a folder": _a_folder,
        "settings emptied": lambda home, _: (home / "policy-tracker.toml").write_bytes(b""),
        "leftovers of a killed process": _leftovers,
        "timeline deleted": lambda home, _: (home / TIMELINE).unlink(),
        "looks deleted": lambda home, _: (home / LOOKS).unlink(),
        "changelogs deleted": lambda home, _: shutil.rmtree(home / "changelogs"),
    }
    often = {
        "half a line left at the end of the timeline": _half_line(TIMELINE),
        "half a line left at the end of the looks": _half_line(LOOKS),
        "last line of the timeline torn": _torn(TIMELINE),
        "last line of the looks torn": _torn(LOOKS),
        "snapshot half there": _cut(f"{FOLDER}/*.json"),
        "index half there": _cut(INDEX),
        "settings half there": _cut("policy-tracker.toml"),
        "bit flipped in a snapshot": _flip(f"{FOLDER}/*.json"),
        "bit flipped in the timeline": _flip(TIMELINE),
        "bit flipped in the looks": _flip(LOOKS),
        "bit flipped in the index": _flip(INDEX),
        "bit flipped in the log of the index": _flip(f"{INDEX}-wal"),
        "log of the index half there": _cut(f"{INDEX}-wal"),
    }
    return [*once.items(), *((name, spoil) for name, spoil in often.items() for _ in range(times))]


def campaign(seed: int, damages: list[tuple[str, Spoil]]) -> list[str]:
    """Do each damage; what is wrong, a sentence each."""
    with begun() as (folder, forks):
        return spoil_each(seed, folder, forks, damages)


def spoil_each(seed: int, folder: Path, forks: Forks, damages: list[tuple[str, Spoil]]) -> list[str]:
    """The same beside a tracker that was made already, `made` in the folder."""
    found, tally, home = [], Tally(), folder / "made" / "home"
    with Place(folder / "sound", forks, made=home) as first:
        first.well("backup", str(folder / "backup"))
        sound = {question: first.run(*question) for question in QUESTIONS}
        _with_log(first, folder / "logged")
    for number, (name, spoil) in enumerate(damages):
        logged = "log of the index" in name or "its log" in name
        with Place(folder / str(number), forks, made=folder / "logged" if logged else home) as place:
            spoil(place.home, random.Random(f"{seed} {number} {name}"))
            wrong = _lived_through(place, folder / "backup", sound, tally, name)
            found += [f"{name} ({number}): {one}" for one in wrong]
        shutil.rmtree(folder / str(number))
    print(f"{len(damages)} damages: {', '.join(f'{n} {what}' for what, n in sorted(tally.outcomes.items()))}")
    for one, count in sorted(Counter(tally.unseen).items()):
        print(f"answers otherwise, and verify alone tells so: {one} ({count})")
    return found


def _lived_through(
    place: Place, backup: Path, sound: dict[tuple[str, ...], Said], tally: Tally, name: str
) -> list[str]:
    """Ask, look, mend as advised, and see to it that nothing is lost."""
    found, otherwise = [], []
    for question in QUESTIONS:
        said = place.run(*question)
        found += said.wrong([0, 2, 3, 4, 75])
        if said.code == 0 and _told(said) != _told(sound[question]) and not said.err:
            otherwise.append(" ".join(question[:2]))
    verified = place.run("verify")
    found += [
        f"verify {one}"
        for one in verified.wrong([0, 3, 4])
        if "what to do next" not in one or verified.code == 4
    ]
    if (
        otherwise and verified.code == 0 and not name.startswith(("index deleted", "index emptied"))
    ):  # said by the next check
        found.append(f"silently answers otherwise: {', '.join(otherwise)}")
    tally.unseen += [f"{one}, {name}" for one in otherwise if verified.code]
    place.publish()
    checked = place.run("check")
    found += [f"check {one}" for one in checked.wrong([0, 2, 3, 4])]
    if checked.code == 0 and place.run("verify").code == 0:
        tally.outcomes["mended by the next look" if verified.code else "nothing to mend"] += 1
        return found + place.wrong(mails=1 if _subscribed(place) else 0)
    for step in ("what verify advises", "reindex", "restore"):
        if step == "what verify advises":
            _as_advised(place)
        elif step == "reindex":
            place.run("reindex")
        else:
            shutil.rmtree(place.home)
            place.well("restore", str(backup), str(place.home))
            place.sink.mails.clear()  # what went since the backup goes again, as docs/operating.md says
        if place.run("verify").code == 0 and place.run("check").code == 0:
            tally.outcomes[f"mended by {step}"] += 1
            return found + place.wrong(mails=1 if _subscribed(place) else 0)
    return [*found, f"not mended: {place.run('verify').out[-800:]} {place.run('check').err[-500:]}"]


def _as_advised(place: Place) -> None:
    """Move out of the archive what `verify` wants moved out, and look: AWS still has it."""
    for one in json.loads(place.run("verify", "--json").out)["items"]:
        if one["advice"].startswith("move it out"):
            (place.home / one["path"]).unlink()
    place.run("check")


def _told(said: Said) -> str:
    """An answer without what time alone makes another."""
    return re.sub(r'"next_look": "[^"]*"', "", said.out)


def _subscribed(place: Place) -> bool:
    return bool(json.loads(place.well("subscribers", "list", "--json"))["items"])


def _with_log(place: Place, folder: Path) -> None:
    """A copy of the tracker as a loss of power leaves it: with what is in the write-ahead log alone."""
    with closing(sqlite3.connect(place.home / INDEX, isolation_level=None)) as held:
        held.execute("BEGIN")
        held.execute("SELECT count(*) FROM runs").fetchone()  # whoever reads keeps the log from being emptied
        place.well("check")
        shutil.copytree(place.home, folder, ignore=shutil.ignore_patterns("*-shm"))
        held.execute("ROLLBACK")


def _one(home: Path, pattern: str, dice: random.Random) -> Path:
    return dice.choice(sorted(home.glob(pattern)))


def _flip(pattern: str) -> Spoil:
    def spoil(home: Path, dice: random.Random) -> None:
        path = _one(home, pattern, dice)
        raw = bytearray(path.read_bytes())
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        path.write_bytes(raw)

    return spoil


def _cut(pattern: str) -> Spoil:
    def spoil(home: Path, dice: random.Random) -> None:
        path = _one(home, pattern, dice)
        raw = path.read_bytes()
        path.write_bytes(raw[: dice.randrange(1, len(raw))])

    return spoil


def _torn(name: str) -> Spoil:
    def spoil(home: Path, dice: random.Random) -> None:
        *whole, last = (home / name).read_bytes().splitlines(keepends=True)
        (home / name).write_bytes(b"".join([*whole, last[: dice.randrange(1, len(last) - 1)]]))

    return spoil


def _half_line(name: str) -> Spoil:
    def spoil(home: Path, dice: random.Random) -> None:
        last = (home / name).read_bytes().splitlines()[-1]
        with (home / name).open("ab") as file:
            file.write(last[: dice.randrange(1, len(last) - 1)])

    return spoil


def _newer(home: Path, _: random.Random) -> None:
    with closing(sqlite3.connect(home / INDEX, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version=999")


def _foreign(home: Path, _: random.Random) -> None:
    (home / INDEX).unlink()
    with closing(sqlite3.connect(home / INDEX, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def _a_folder(home: Path, _: random.Random) -> None:
    (home / INDEX).unlink()
    (home / INDEX).mkdir()


def _leftovers(home: Path, _: random.Random) -> None:
    for name in (
        f"{FOLDER}/.2026-03-03T100000Z_v3.json.tmp",
        f"changelogs/{NAME}/.v2-v3.html.tmp",
        "snapshots/aws/.x.tmp",
    ):
        (home / name).write_bytes(b'{"schema": 1, "arn": ')
