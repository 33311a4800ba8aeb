"""Cut off anywhere, an import done again completes; and so does any other round in between. Nobody is mailed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.archive.crashing import KILLED
from tests.importing import crashing
from tests.importing.telling import everything
from tests.importing.test_import import HISTORY, agrees
from tests.support import history
from tests.support.children import CHILDREN
from tests.support.git_archives import repository
from tests.support.world import World, make_world
from tracker import service
from tracker.importing import bring
from tracker.sources.history import Selection

NAMES = "AWS*"  # of the real history, enough for other processes to be worth it


def killed(folder: Path, source: Path, step: int) -> None:
    child = CHILDREN.Process(target=crashing.run, args=(folder, source, step))
    child.start()
    child.join(60)
    assert child.exitcode == KILLED, step


def test_killed_at_each_step_the_same_import_completes_it(tmp_path: Path) -> None:
    source = repository(tmp_path / "git", HISTORY)
    steps = crashing.run(tmp_path / "whole", source)
    assert {"snapshot-temporary", "snapshot-renamed", "timeline-written", "transaction-done"} <= set(steps)
    whole = everything(make_world(tmp_path / "whole").tracker)
    for number, step in enumerate(steps, start=1):
        folder = tmp_path / f"{number}-{step}"
        killed(folder, source, number)
        world = make_world(folder)
        world.subscribe("team@example.org")
        if number % 2:  # another round comes first: it tells what is on the disk, silently
            service.check(world.tracker, [])
        done = service.import_history(world.tracker, source, Selection())
        assert (done.versions, done.observations, done.failed, done.conflicts) == (7, 11, (), ()), step
        assert everything(world.tracker) == whole, step
        assert world.tracker.archive.open_runs() == ()
        assert world.mailbox.mails() == []
        if number % 5 == 0:
            agrees(world)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    if why := history.missing():
        history.need(why)
    world = make_world(tmp_path_factory.mktemp("whole"))
    done = service.import_history(world.tracker, history.clone(), Selection(wanted=wanted))
    assert done.files > bring.WORTH_WORKERS
    return world


def wanted(name: str) -> bool:
    return name.startswith("AWS")


def importing(home: Path) -> "subprocess.Popen[bytes]":
    """The command itself, as a person types it, with other processes that compare where there are cores."""
    arguments = ["--home", str(home), "import", str(history.clone()), "--policy", NAMES]
    return subprocess.Popen(
        [sys.executable, "-m", "tracker", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def others_of(session: int) -> list[int]:
    """The processes of a session that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            about = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(about[3]) == session and about[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes under /proc")
def test_kill_9_at_any_moment_leaves_no_process_and_nothing_half_done(tmp_path: Path, whole: World) -> None:
    home = tmp_path / "world" / "home"
    subprocess.run(
        [sys.executable, "-m", "tracker", "init", "--empty", str(home)], check=True, stdout=subprocess.DEVNULL
    )
    for wait_s in (0.7, 1.8):
        process = importing(home)
        time.sleep(wait_s)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        deadline = time.monotonic() + 20
        while others_of(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert others_of(process.pid) == []
    last = importing(home)
    _, said = last.communicate(timeout=120)
    assert last.returncode == 0, said.decode()
    world = make_world(tmp_path / "world")
    assert everything(world.tracker) == everything(whole.tracker)
    assert world.tracker.archive.verify() == ()


def test_an_interruption_ends_it_and_its_workers_and_says_so(tmp_path: Path) -> None:
    if why := history.missing():
        history.need(why)
    home = tmp_path / "home"
    subprocess.run(
        [sys.executable, "-m", "tracker", "init", "--empty", str(home)], check=True, stdout=subprocess.DEVNULL
    )
    process = importing(home)
    deadline = time.monotonic() + 60
    while not any(home.glob("snapshots/aws/*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)  # it is at work when the first policy has a folder
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does: all of them hear it
    _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 130)  # 0: it was done already
    assert b"Traceback" not in said
