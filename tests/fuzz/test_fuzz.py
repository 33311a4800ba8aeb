"""A seeded slice of each parser's wrong inputs; `make fuzz` runs them whole. What a run once found stands where the parser is tested."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target, judged
from tests.fuzz.targets import names, target
from tests.fuzz.writes import outside
from tracker.errors import InputError

FIRST = 1_000_000  # seeds that the whole run does not use
INPUTS = {
    "announcements": 120,
    "backups": 30,
    "bundles": 4,
    "cloudtrail": 80,
    "git": 3,
    "mails": 120,
    "pages": 60,
    "tars": 40,
    "trackers": 2,
    "words": 100,
}


@pytest.mark.parametrize("name", names())
def test_wrong_inputs_are_read_or_refused(name: str) -> None:
    found = judged(target(name), FIRST, INPUTS.get(name, 250))
    assert found.wrong == []


def test_an_input_that_crashes_drags_on_or_writes_elsewhere_is_found(tmp_path: Path) -> None:
    def told(read: Callable[[bytes], object], under: str = "") -> list[str]:
        one = Target("x", [b"seed"], read, writes_under=under)
        return judged(one, 0, 1).wrong

    assert "ZeroDivisionError" in told(lambda raw: 1 / 0)[0]
    assert "1,000,000 characters" in told(lambda raw: (_ for _ in ()).throw(InputError("x" * 1_000_000)))[0]
    (tmp_path / "in").mkdir()
    inside = str(tmp_path / "in")
    assert told(lambda raw: (tmp_path / "in" / "a").write_bytes(raw), inside) == []
    assert "wrote" in told(lambda raw: (tmp_path / "in" / ".." / "b").write_bytes(raw), inside)[0]
    assert "wrote" in told(lambda raw: (tmp_path / "made").mkdir(), inside)[0]


def test_a_link_out_of_the_folder_is_no_way_around(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    folder = os.open(tmp_path, os.O_RDONLY)
    with outside(str(tmp_path / "in")) as written:
        (tmp_path / "in" / "out" / "x").write_text("")
        os.mkdir("y", dir_fd=folder)
    os.close(folder)
    assert sorted(Path(one).name for one in written) == ["x", "y"]


def test_a_seed_makes_the_same_input_again() -> None:
    one, other = (mutated(b'{"a": [1, 2]}', random.Random(f"x {n}")) for n in (7, 7))
    assert one == other
    assert len({mutated(b'{"a": [1, 2]}', random.Random(f"x {n}")) for n in range(50)}) > 25
