"""`policy-tracker init`: a folder becomes a tracker."""

import json
import secrets
import shlex
import shutil
import sys
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_json, waiting
from tracker.cli.shell import Shell
from tracker.errors import InputError, SetupError

if TYPE_CHECKING:
    from tracker.settings import Settings

# What makes a folder ours, a checkout among them; and what may lie in a folder that is not used yet
_OURS = frozenset({"policy-tracker.toml", "policy-tracker.toml.new", "snapshots", "tracker.db", ".git"})
_HARMLESS = frozenset({".gitignore", ".gitkeep", "changelogs", "crashes", "lost+found", "tracker.lock"})
_IGNORED = "# What is made again from the rest, or concerns this machine alone\ntracker.db*\ntracker.lock\ncrashes/\n"


@click.command(
    "init",
    cls=Examples,
    short_help="Make a folder a tracker.",
    examples=(
        "policy-tracker init",
        "policy-tracker init /var/lib/policy-tracker",
        "policy-tracker init --empty ./tracker",
    ),
)
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--empty", is_flag=True, help="Without the history that ships with policy-tracker.")
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, folder: Path | None, empty: bool, wanted: str) -> None:
    """Make a folder a tracker: settings with every key explained, and the history that ships with policy-tracker.

    The hour and minute at which AWS is asked are drawn once, here, so that not everybody asks at the same moment. A
    folder that is a tracker already is left as it is. DIR: what --home, POLICY_TRACKER_HOME and so on say.
    """
    if folder is not None:
        shell.home_flag = str(folder)
    settings = shell.settings(needs_file=False)
    made = not settings.file.is_file()
    if made:
        _make(shell, settings, empty=empty)
    settings = shell.again()
    facts = _facts(settings, made)
    if wanted == "json":
        put_json(facts)
    else:
        put(_text(facts))


def _make(shell: Shell, settings: "Settings", *, empty: bool) -> None:
    """History first and the settings last: a folder that has them is complete."""
    from tracker.archive.shipped import copy_shipped
    from tracker.bootstrap import open_tracker
    from tracker.cli.settings_file import settings_text
    from tracker.service import record_history

    _refuse_foreign(settings.home)
    try:
        settings.home.mkdir(
            mode=0o700, parents=True, exist_ok=True
        )  # subscribers' addresses come to stand in it
    except OSError as error:
        raise SetupError(
            f"{settings.home} can't be made: {error.strerror}",
            advice="name a folder that you may write: policy-tracker init DIR",
        ) from error
    tracker = open_tracker(settings)
    if not empty:
        with waiting("copying the history that ships with policy-tracker"):
            copy_shipped(tracker.archive)
            record_history(tracker)
    ignored = settings.home / ".gitignore"
    if not ignored.exists():
        ignored.write_text(_IGNORED, encoding="utf-8")
    drawn = time(secrets.randbelow(24), secrets.randbelow(60))
    new = settings.file.with_suffix(".toml.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600, exist_ok=False)  # a password may come to stand there: its owner alone reads it
    new.write_text(settings_text(drawn), encoding="utf-8")
    new.replace(settings.file)


def _refuse_foreign(home: Path) -> None:
    """Raise InputError for a folder that holds other things: /etc, say, is not meant to become a tracker."""
    there = sorted(one.name for one in home.iterdir()) if home.is_dir() else []
    if not there or _OURS.intersection(there) or set(there) <= _HARMLESS:
        return
    named = ", ".join(there[:3]) + (f" and {len(there) - 3:,} more" if len(there) > 3 else "")
    raise InputError(
        f"{home} is not empty, and no tracker: it holds {named}",
        advice=f"name a new or empty folder: policy-tracker init DIR; or, if it is meant, "
        f"make an empty file {home / 'policy-tracker.toml'} or a folder 'snapshots' in it first",
    )


def _facts(settings: "Settings", made: bool) -> dict[str, Any]:
    from tracker.bootstrap import open_tracker
    from tracker.sources.permissions import least_privilege

    tracker = open_tracker(settings)
    held = {arn.name: len(tracker.archive.identities(arn)) for arn in tracker.archive.policies()}
    index = tracker.changelogs.folder / "index.html"
    return {
        "schema": 1,
        "type": "init",
        "home": str(settings.home),
        "made": made,
        "settings": str(settings.file),
        "at": f"{settings.schedule.at:%H:%M}",
        "archived": held,
        "changelogs": str(index) if index.is_file() else None,
        "iam_policy": json.loads(least_privilege()),
        "cron": cron_line(settings),
    }


def cron_line(settings: "Settings") -> str:
    """The line for crontab: every hour at the drawn minute, since what failed or waits is tried again.

    AWS is asked when the schedule says so. cron's hours are the machine's own and ours are UTC, so an hour of cron's
    would be wrong twice a year.
    """
    program = shutil.which(sys.argv[0]) or shutil.which("policy-tracker") or "policy-tracker"
    line = shlex.join([str(Path(program).absolute()), "--home", str(settings.home), "check", "--if-due"])
    return f"{settings.schedule.at.minute} * * * * {line}".replace(
        "%", r"\%"
    )  # a bare % is a line end to cron


def _text(facts: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} ({count} versions)" for name, count in facts["archived"].items())
    policy = json.dumps(facts["iam_policy"], indent=2)
    return f"""\
{facts["home"]} is {"now" if facts["made"] else "already"} a tracker.
  settings   {facts["settings"]}
  history    {versions or "none yet"}
  read       {facts["changelogs"] or "changelogs are written as changes are found"}
  schedule   AWS is asked daily at {facts["at"]} UTC, which was drawn for this installation

What it needs to be allowed in AWS, and no more:
{policy}

See what it would find:   policy-tracker --home {shlex.quote(facts["home"])} check --dry-run
Run it by cron (crontab -e); it asks AWS when the schedule says so, and sends what waits:
  {facts["cron"]}
Or let it run by itself:  policy-tracker --home {shlex.quote(facts["home"])} daemon
"""
