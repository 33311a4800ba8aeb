"""Killed at any step, the next round completes the work: no version lost, no mail lost, none twice.

os._exit ends a real child process at each named step. What a power cut takes from the kernel's own buffers can't be tried
here: that is what the fsyncs are for, whose order is tested by the steps' names.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archive import crashing
from tests.archive.dumping import dump
from tests.archive.making import SUPPORT, a_change, a_look, a_snapshot, an_archive, from_files, made
from tests.support.children import CHILDREN
from tracker.model.identity import VersionId

V1, V2 = (VersionId(1), made(1)), (VersionId(2), made(2))


def killed(work: Callable[..., object], *arguments: object) -> bool:
    """Run the work in a child; whether it ended at its step. It must end there, or well."""
    child = CHILDREN.Process(target=work, args=arguments)
    child.start()
    child.join(60)
    assert child.exitcode in (0, crashing.KILLED)
    return child.exitcode == crashing.KILLED


def the_steps(tmp_path: Path) -> list[str]:
    home = tmp_path / "whole"
    crashing.prepare(home)
    return crashing.one_round(home, "r2", 24)


def test_the_order_on_disk(tmp_path: Path) -> None:
    transaction = ["transaction-begun", "transaction-done", "transaction-committed"]
    assert the_steps(tmp_path) == [
        *transaction,  # the run's row
        "snapshot-temporary", "snapshot-renamed", "snapshot-kept",
        "source-half", "source-written", "source-kept",
        "timeline-half", "timeline-written", "timeline-kept",
        *transaction,  # index, change, outbox
        "look-half", "look-written", "look-kept",
        *transaction,  # the look's row
        *transaction,  # the run's end
    ]  # fmt: skip


def test_killed_at_each_step_the_next_round_completes_it(tmp_path: Path) -> None:
    steps = the_steps(tmp_path)
    for number, step in enumerate(steps, start=1):
        home = tmp_path / f"{number}-{step}"
        crashing.prepare(home)
        assert killed(crashing.one_round, home, "r2", 24, number), step
        crashing.one_round(home, "r3", 48)

        archive = an_archive(home)
        first, second = archive.observations(SUPPORT)
        assert (first.identity, second.identity) == (V1, V2), step
        assert archive.snapshots(SUPPORT) == (a_snapshot(1), a_snapshot(2)), step
        assert archive.changes() == (a_change(first), a_change(second)), step
        assert crashing.mails(home) == [
            (change.id, who) for change in archive.changes() for who in ("a@example.org", "b@example.org")
        ], step
        assert archive.last_look(SUPPORT) == a_look("r3", 48, SUPPORT)
        assert archive.open_runs() == (), step
        assert archive.verify() == (), step
        index = dump(archive.database)
        from_files(archive)
        assert dump(archive.database) == index, step


def test_killed_twice_in_a_row(tmp_path: Path) -> None:
    """The completing round is killed too, at each of its steps, after the worst place of the first."""
    worst = the_steps(tmp_path).index("timeline-kept") + 1
    number = 0
    while True:
        number += 1
        home = tmp_path / str(number)
        crashing.prepare(home)
        assert killed(crashing.one_round, home, "r2", 24, worst)
        was_killed = killed(crashing.one_round, home, "r3", 48, number)
        crashing.one_round(home, "r4", 72)
        archive = an_archive(home)
        assert [row.to_version for row in archive.changes()] == [V1[0], V2[0]]
        assert len(crashing.mails(home)) == len(set(crashing.mails(home))) == 4
        assert archive.verify() == ()
        if not was_killed:
            break
    assert number > 10


@pytest.mark.parametrize("before", [0, 1])
def test_an_import_cut_off_anywhere_is_completed_by_the_same_again(tmp_path: Path, before: int) -> None:
    whole = tmp_path / "whole"
    an_archive(whole).keep(a_snapshot(1))
    steps = crashing.many(whole)
    assert steps.count("snapshot-renamed") == 5  # four new, one in conflict
    expected = {path.relative_to(whole): path.read_bytes() for path in whole.rglob("*.json*")}
    for number in range(1, len(steps) + 1):
        home = tmp_path / str(number)
        an_archive(home).keep_many([a_snapshot(1)] * before)
        assert killed(crashing.many, home, number)
        held = an_archive(home).snapshots(SUPPORT)  # what is there is whole
        assert set(held) <= {a_snapshot(1), a_snapshot(1, source="git 0123"), *map(a_snapshot, range(2, 6))}
        crashing.many(home)
        if before:
            assert {path.relative_to(home): path.read_bytes() for path in home.rglob("*.json*")} == expected
        assert len(an_archive(home).snapshots(SUPPORT)) == 5
