"""`policy-tracker doctor`: every setting with where it came from, and whether everything that is needed is there."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import worst
from tracker.cli.output import put, put_json, table, waiting
from tracker.cli.shell import Shell

if TYPE_CHECKING:
    from tracker.cli.health import Finding
    from tracker.settings import Settings


@click.command(
    "doctor",
    cls=Examples,
    short_help="Every setting, and whether all is well.",
    examples=("policy-tracker doctor", "policy-tracker doctor --offline --json"),
)
@click.option("--offline", is_flag=True, help="Ask neither AWS nor the mail server.")
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, offline: bool, wanted: str) -> int:
    """Print every setting with where it came from, and check what the tracker needs.

    Folders, database, clock, schedule, catalogue, the credentials by one GetPolicy, the mail server by a login that
    sends nothing. It changes nothing. Secrets are masked. Exit code 4 where something must be set right, 3 where part
    of it is wrong, 75 where it may pass by itself.
    """
    from tracker.cli.health import examine

    settings = shell.settings()
    with waiting("looking at everything"):
        findings = examine(shell.tracker(), settings, offline=offline)
    if wanted == "json":
        put_json(_record(shell, settings, findings))
    else:
        put(f"home: {settings.home} (by {shell.home_by})\n")
        table(
            ("setting", "value", "from"), [(row.key, row.value, str(row.origin)) for row in settings.rows()]
        )
        put("")
        for one in findings:
            put(f"{one.state:<5} {one.what}: {one.said}" + (f"\n      {one.advice}" if one.advice else ""))
    return worst(one.exit_code for one in findings)


def _record(shell: Shell, settings: "Settings", findings: "list[Finding]") -> object:
    rows = [
        {"key": row.key, "value": row.value, "layer": row.origin.layer, "from": row.origin.where}
        for row in settings.rows()
    ]
    home = {"path": str(settings.home), "by": shell.home_by}
    return {
        "schema": 1,
        "type": "doctor",
        "home": home,
        "settings": rows,
        "checks": [asdict(one) for one in findings],
    }
