"""Writes docs/commands.md and docs/settings.md from what the command and the settings say of themselves: `make docs`."""

from pathlib import Path

import click

from tracker.cli.app import Group, command
from tracker.cli.settings_file import settings_table

DOCS = Path(__file__).resolve().parent.parent / "docs"
_COMMANDS = """\
# Commands

What each command says of itself with `--help`. This page is written by `make docs`, and `make check` fails where it is
behind. The flags that every command has are shown once, with `policy-tracker` itself.

Exit codes: 0 done; 1 a change was found and 5 a tripwire was hit (both only with `--exit-code`); 2 usage, or input that
can't be read; 3 part of the work failed; 4 settings, credentials or permissions; 70 our own fault; 75 try again later;
130 interrupted. Where more than one applies, the first of 70, 4, 75, 3, 5, 1. Data goes to standard output, everything
else to standard error; `--json` prints one JSON document, and lists have their rows under `items`.
"""
_SETTINGS = """\
# Settings

They stand in `policy-tracker.toml` in the tracker's folder, which `policy-tracker init` writes with every key explained.
A variable (`POLICY_TRACKER_MAIL__HOST`) is stronger than the file, a flag (`--set mail.host=localhost`) stronger than both.
`policy-tracker doctor` prints each value that is in force and where it came from. A key that does not exist, a value of
the wrong type, an impossible cron line or mail address ends with exit code 4 and names the file, the key, the value and
what would be right.

In a variable or a flag a list is written with commas, or as JSON; tables as JSON. Relative paths count from the tracker's
folder in the file, and from the current folder elsewhere. Secrets are refused as flags, and from files that everybody may
read. AWS's own settings (credentials, endpoints, proxies) come from AWS's own variables and profiles. The folder itself is
named by `--home` or `POLICY_TRACKER_HOME`.

Schedules are UTC. `hourly`, `daily`, `weekly` (Mondays) and `monthly` (the first) take their hour and minute from
`schedule.at`; an interval (`30m`, `6h`, `1d`, `2w`) counts from it; five cron fields say it themselves, and mean what cron
means: weekday 0 and 7 are Sunday, day of the month and weekday are alternatives, `L` is the month's last day.

"""


def commands_page() -> str:
    """docs/commands.md."""
    parts = [_COMMANDS]
    for path, one in _every(command, ("policy-tracker",)):
        parts.append(
            f"{'##' if len(path) < 3 else '###'} {' '.join(path)}\n\n```text\n{_help(one, path)}\n```\n"
        )
    return "\n".join(parts)


def _every(group: click.Command, path: tuple[str, ...]) -> "list[tuple[tuple[str, ...], click.Command]]":
    found = [(path, group)]
    if isinstance(group, Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            inner = group.get_command(context, name)
            assert inner is not None
            found += _every(inner, (*path, name))
    return found


def _help(one: click.Command, path: tuple[str, ...]) -> str:
    """The help at 100 columns; the common flags are left out but for the outermost command."""
    context = click.Context(one, info_name=" ".join(path), terminal_width=100, max_content_width=100)
    text = one.get_help(context)
    if len(path) > 1:
        before, _, after = text.partition("\nOptions of every command:\n")
        text = before + "\n" + after.partition("\n\n")[2]
    return text.rstrip()


def settings_page() -> str:
    """docs/settings.md."""
    return _SETTINGS + "\n".join(settings_table()).rstrip() + "\n"


PAGES = {"commands.md": commands_page, "settings.md": settings_page}


def main() -> None:
    """Write both pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
