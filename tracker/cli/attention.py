"""`policy-tracker attention`: what of a policy's default deserves attention, since when, under which scope."""

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.gravest import gravest_first
from tracker.cli.output import put, put_items, table
from tracker.cli.policies import POLICY, archived, default_of
from tracker.cli.shell import Shell

if TYPE_CHECKING:
    from tracker.model.change import Attention
    from tracker.model.identity import PolicyArn


@click.command(
    "attention",
    cls=Examples,
    short_help="What of today's default deserves attention.",
    examples=(
        "policy-tracker attention AWSSupportServiceRolePolicy",
        "policy-tracker attention ReadOnlyAccess --json",
    ),
)
@click.argument("policies", nargs=-1, type=POLICY, metavar="[POLICY]...")
@click.option("--why", is_flag=True, help="With each finding the reason, its source and that source's date.")
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, policies: tuple[str, ...], why: bool, wanted: str) -> None:
    """What the default version of today allows that deserves attention, since when, and under which scope.

    It judges nothing: it is a table to be checked line by line. Without a POLICY: those in the settings.
    """
    from tracker.changelog.wording import count, number

    tracker = shell.tracker()
    defaults = {arn: default_of(tracker, arn) for arn in archived(tracker, policies)}
    found = {arn: tracker.reading(arn).attention() for arn in defaults}
    if wanted == "json":
        put_items(
            "attention",
            [_record(arn, one) for arn, findings in found.items() for one in gravest_first(findings)],
            catalogue=tracker.catalogue().version,
        )
        return
    for arn, findings in found.items():
        shown = gravest_first(one for one in findings if not one.accepted)
        hidden = len(findings) - len(shown)
        told = f"{count(len(shown), 'finding')}{f', and {number(hidden)} accepted' if hidden else ''}"
        put(f"{arn.name} {defaults[arn][0]}: {told} (catalogue {tracker.catalogue().version})\n")
        if not shown:
            continue
        table(("severity", "since", "can", "where", "actions"), [_cells(one) for one in shown])
        if why:
            put("\n" + "\n".join(f"{one.rule}: {one.why} ({one.source}, {one.source_date})" for one in shown))


def _cells(one: "Attention") -> tuple[str, ...]:
    from tracker.changelog.scopes import all_in_words

    return (
        one.severity,
        one.since[:10] or "-",
        one.consequence,
        all_in_words(one.scopes),
        ", ".join(one.actions),
    )


def _record(arn: "PolicyArn", one: "Attention") -> dict[str, Any]:
    from tracker.changelog.record import scope_record

    return {
        "policy": str(arn),
        "rule": one.rule,
        "kind": one.kind,
        "severity": one.severity,
        "actions": list(one.actions),
        "consequence": one.consequence,
        "since": one.since or None,
        "scopes": [scope_record(scope) for scope in one.scopes],
        "why": one.why,
        "source": one.source,
        "source_date": one.source_date,
        "accepted": one.accepted,
    }
