"""Subscriptions in bulk: brought in from CSV, taken out, made what subscribers.toml says; and foretold."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import USAGE
from tracker.cli.output import put, put_error, put_items, put_json, table
from tracker.cli.shell import Shell
from tracker.cli.wishes import wish_of, wish_options
from tracker.model.instants import iso, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.collaborators import Tracker
    from tracker.delivery.rosters import Entry, Fault, Step

ROSTER = "subscribers.toml"
_FILE = click.Path(path_type=Path)


@click.command(
    "import",
    cls=Examples,
    examples=(
        "policy-tracker subscribers import teams.csv --dry-run",
        "policy-tracker subscribers import teams.csv",
    ),
)
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Only say what is in the file and what is wrong with it.")
@click.pass_obj
def import_(shell: Shell, file: Path, dry_run: bool) -> int:
    """Subscribe everybody in a CSV file: all of it, or nothing where a line is bad; every bad line is named.

    Its first line names columns: address, and of the others what you like (see docs/subscribing.md). Who is subscribed
    already under the same name is left as it is.
    """
    from tracker.delivery.rosters import key_of, read_csv

    tracker = _ready(shell)
    entries, faults = read_csv(_text(file))
    if faults:
        return _told(file, faults)
    present = {key_of(one.address, one.channel, one.wish.name) for one in tracker.subscribers.list()}
    new = [one for one in entries if one.key not in present]
    if not dry_run:
        _add(tracker, new)
    known = len(entries) - len(new)
    put(
        f"{'would subscribe' if dry_run else 'subscribed'} {len(new)}"
        + (f"; {known} {'is' if known == 1 else 'are'} subscribed already" if known else "")
    )
    return 0


@click.command("export", cls=Examples, examples=("policy-tracker subscribers export > teams.csv",))
@click.pass_obj
def export(shell: Shell) -> None:
    """Everybody who is subscribed, as CSV that `import` reads. The addresses of webhooks are in it: keep it safe."""
    from tracker.delivery.rosters import write_csv

    sys.stdout.write(write_csv(shell.tracker().subscribers.list()))


@click.command(
    "apply",
    cls=Examples,
    examples=("policy-tracker subscribers apply --dry-run", "policy-tracker subscribers apply"),
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@formatted("text", "json")
@click.pass_obj
def apply(shell: Shell, dry_run: bool, wanted: str) -> int:
    """Make the subscriptions what subscribers.toml in the tracker's folder says: add, change, remove.

    Only what the file made before is changed or removed. Who signed up, or was added by a command, stays beside it.
    """
    from tracker.delivery.rosters import read_toml, steps
    from tracker.errors import InputError

    tracker = _ready(shell)
    file = tracker.home / ROSTER
    if not file.is_file():
        raise InputError(f"there is no {file}", advice="docs/subscribing.md shows one")
    entries, faults = read_toml(_text(file))
    found, more = steps(entries, tracker.subscribers.list())
    if faults or more:
        return _told(file, (*faults, *more))
    if not dry_run:
        for step in found:
            _take(tracker, step)
    lines = [_line(step) for step in found]
    if wanted == "json":
        put_json(
            {
                "schema": 1,
                "type": "apply",
                "dry_run": dry_run,
                "items": [{"do": step.do, "what": line} for step, line in zip(found, lines, strict=True)],
            }
        )
        return 0
    for line in lines:
        put(line)
    put(f"{len(found)} {'step' if len(found) == 1 else 'steps'}{', nothing was written' if dry_run else ''}")
    return 0


@click.command(
    "preview",
    cls=Examples,
    examples=(
        "policy-tracker subscribers preview security@example.com",
        "policy-tracker subscribers preview --service s3 --level Write --frequency weekly",
    ),
)
@click.argument("subscriber", required=False)
@wish_options
@formatted("text", "json")
@click.pass_obj
def preview(shell: Shell, /, subscriber: str | None, wanted: str, **flags: Any) -> None:
    """What the last twelve months would have sent: to a subscriber, or to one who asks for what the flags say."""
    from tracker.delivery.wish import in_words
    from tracker.previewing import YEAR, foretell, heard_of

    tracker = shell.tracker()
    wish = tracker.subscribers.get(subscriber).wish if subscriber else wish_of(flags)
    until = tracker.clock()
    found = foretell(tracker, wish, heard_of(tracker, wish), until - YEAR, until)
    if wanted == "json":
        rows = [
            {"at": iso(one.at), "what": one.what, "subject": one.subject, "policies": list(one.policies)}
            for one in found
        ]
        put_items("preview", rows, asks=in_words(wish))
        return
    put(in_words(wish))
    if found:
        table(("when", "what", "subject"), [(words(one.at), one.what, one.subject) for one in found])
    put(f"{len(found)} {'message' if len(found) == 1 else 'messages'} in the last twelve months")


def _ready(shell: Shell) -> "Tracker":
    """The tracker, where the settings say who writes and who answers."""
    from tracker.delivery.smtp_settings import require_addresses

    settings = shell.settings()
    require_addresses(settings.mail.sender, settings.mail.operator)
    return shell.tracker()


def _text(file: Path) -> str:
    from tracker.errors import InputError

    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} can't be read: {error}", advice="wanted: a text file in UTF-8") from error


def _told(file: Path, faults: "Sequence[Fault]") -> int:
    for one in faults:
        put_error(f"{file.name}, {one.where}: {one.what}")
    put_error("nothing was written")
    return USAGE


def _add(tracker: "Tracker", entries: "Sequence[Entry]") -> None:
    from tracker.bootstrap import new_token

    with tracker.database.held():
        for one in entries:
            tracker.subscribers.put(one.address, one.wish, tracker.clock(), new_token(), channel=one.channel)


def _take(tracker: "Tracker", step: "Step") -> None:
    from tracker.bootstrap import new_token

    if step.entry is None:
        assert step.present is not None  # noqa: S101 -- a step removes what is there
        tracker.subscribers.remove(str(step.present.id), tracker.clock())
    elif step.present is None:
        entry = step.entry
        tracker.subscribers.put(
            entry.address, entry.wish, tracker.clock(), new_token(), channel=entry.channel, origin="file"
        )
    else:
        tracker.subscribers.change(str(step.present.id), step.entry.wish)


def _line(step: "Step") -> str:
    from tracker.delivery.addresses import shown
    from tracker.delivery.wish import in_words

    if step.entry is None:
        assert step.present is not None  # noqa: S101 -- a step removes what is there
        return f"remove {step.present.label}"
    name = f" ({step.entry.wish.name})" if step.entry.wish.name else ""
    return f"{step.do} {shown(step.entry.address)}{name}: {in_words(step.entry.wish)}"
