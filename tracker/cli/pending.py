"""`policy-tracker pending`: what nobody has signed for yet."""

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_items, table
from tracker.cli.policies import POLICY, answered_for, begun
from tracker.cli.shell import Shell
from tracker.model.instants import iso

if TYPE_CHECKING:
    from tracker.model.signoff import Pending


@click.command(
    "pending",
    cls=Examples,
    short_help="Changes that nobody has signed for.",
    examples=("policy-tracker pending", "policy-tracker pending --all --since 2026-01-01 --json"),
)
@click.argument("policies", nargs=-1, type=POLICY, metavar="[POLICY]...")
@click.option("--since", metavar="DATE", help="Changes from then on.")
@click.option(
    "--all", "every", is_flag=True, help="Those of imported and shipped history too, and of every policy."
)
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, policies: tuple[str, ...], since: str | None, every: bool, wanted: str) -> None:
    """Changes that nobody has signed for with `ack`, or not for every item, oldest first.

    Without a POLICY: those in the settings, the watched roles and what hangs on these. What was in force before this tracker looked asks for nothing, and neither does
    what was republished with the same access.
    """
    from tracker.signing import pending

    tracker = shell.tracker()
    arns = answered_for(tracker, policies, every=every and not policies)
    found = pending(tracker, arns, begun(since, tracker.clock()), every=every)
    if wanted == "json":
        put_items("pending", list(map(_record, found)))
        return
    if not found:
        put(
            "nothing that was seen here waits for a signature"
            + ("" if every else " (--all: the history before the first look too)")
        )
        return
    table(
        (
            "id",
            "in force (UTC)" if every else "seen (UTC)",
            "policy",
            "versions",
            "severity",
            "left",
            "what changed",
        ),
        [
            (
                one.row.id,
                f"{one.row.observed_at:%Y-%m-%d %H:%M}",
                one.row.arn.handle,
                f"{one.row.from_version or 'none'} to {one.row.to_version or 'none'}",
                one.row.severity,
                f"{one.left} items" if one.signed else "all",
                one.row.headline,
            )
            for one in found
        ],
    )
    put(f"\npolicy-tracker ack {found[0].row.id} --by WHO signs for the first of them")


def _record(one: "Pending") -> dict[str, Any]:
    row = one.row
    return {
        "id": row.id,
        "arn": str(row.arn),
        "policy": row.name,
        "kind": row.kind,
        "observed_at": iso(row.observed_at),
        "from": str(row.from_version) if row.from_version else None,
        "to": str(row.to_version) if row.to_version else None,
        "severity": row.severity,
        "headline": row.headline,
        "items_left": one.left,
        "signed_items": sorted({item for each in one.signed for item in each.items}),
    }
