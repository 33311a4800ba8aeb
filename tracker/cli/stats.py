"""`policy-tracker stats`: how a policy grew; the busiest policies and months; what was named for the first time."""

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_items, put_json, table
from tracker.cli.policies import POLICY, archived
from tracker.cli.shell import Shell
from tracker.model.instants import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.archive.firsts import First
    from tracker.collaborators import Tracker
    from tracker.figures import Busy, Figures

_SHOWN = 10


@click.command(
    "stats",
    cls=Examples,
    short_help="Growth, busiest policies and months, first sightings.",
    examples=(
        "policy-tracker stats",
        "policy-tracker stats AWSSupportServiceRolePolicy",
        "policy-tracker stats --most 50 --json",
    ),
)
@click.argument("policy", required=False, type=POLICY, metavar="[POLICY]")
@click.option("--most", type=click.IntRange(1), default=_SHOWN, show_default=True, help="Rows of each list.")
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, policy: str | None, most: int, wanted: str) -> None:
    """What the archive holds in figures; of one POLICY, how many services and actions each of its defaults allows.

    An action or a service that was named for the first time in any policy may tell of a feature that AWS has yet to
    announce; what the catalogue of AWS's actions doesn't know yet is marked. What was there when watching began is not
    among them.
    """
    tracker = shell.tracker()
    if policy:
        _growth(tracker, policy, wanted)
        return
    from tracker.figures import figures

    found = figures(tracker.archive)
    if wanted == "json":
        put_json(_record(tracker, found, most))
    else:
        _put(tracker, found, most)


def _growth(tracker: "Tracker", name: str, wanted: str) -> None:
    from tracker.figures import growth

    (arn,) = archived(tracker, [name])
    sizes = list(growth(tracker.reading(arn)))
    if wanted == "json":
        items = [
            {
                "version": str(one.observation.version),
                "observed_at": iso(one.observation.observed_at),
                "basis": one.observation.basis,
                "services": one.services,
                "actions": one.actions,
                "added": one.added,
                "removed": one.removed,
            }
            for one in sizes
        ]
        put_items("growth", items, policy=str(arn), catalogue=tracker.catalogue().version)
        return
    put(f"{arn.name}: what each default allows, by the catalogue of today ({tracker.catalogue().version})\n")
    rows = [
        (
            str(one.observation.version),
            f"{one.observation.observed_at:%Y-%m-%d}",
            f"{one.services:,}",
            f"{one.actions:,}",
            f"+{one.added:,}" if one.added else "",
            f"-{one.removed:,}" if one.removed else "",
        )
        for one in sizes
    ]
    table(("version", "seen (UTC)", "services", "actions", "added", "removed"), rows)


def _put(tracker: "Tracker", found: "Figures", most: int) -> None:
    from tracker.figures import name_of

    kinds = ", ".join(f"{number:,} {kind}" for kind, number in found.kinds) or "no change"
    since = f" since {found.first:%Y-%m-%d}" if found.first else ""
    put(f"{found.policies:,} policies, {found.versions:,} versions{since}: {kinds}")
    for title, busy, name in (
        ("policy", found.busiest_policies, name_of),
        ("month", found.busiest_months, str),
    ):
        if busy:
            put("")
            columns = (
                f"busiest {title}",
                "changes",
                "republished",
                *(("policies",) if title == "month" else ()),
            )
            table(columns, [_busy(one, name(one.name), title == "month") for one in busy[:most]])
    for title, firsts in (("service", found.services), ("action", found.actions)):
        put(f"\n{len(firsts):,} {title}s were first named in any policy since watching began")
        if firsts:
            rows = [
                (
                    f"{one.at:%Y-%m-%d}",
                    one.name,
                    f"{name_of(str(one.arn))} {one.version}",
                    _unknown(tracker, one),
                )
                for one in firsts[:most]
            ]
            table(("seen (UTC)", title, "by", "catalogue"), rows)


def _busy(one: "Busy", name: str, month: bool) -> tuple[str, ...]:
    return (name, f"{one.changes:,}", f"{one.republished:,}", *((f"{one.policies:,}",) if month else ()))


def _unknown(tracker: "Tracker", one: "First") -> str:
    return "" if _known(tracker, one) else "doesn't know it yet"


def _known(tracker: "Tracker", one: "First") -> bool:
    service, _, name = one.name.lower().partition(":")
    catalogue = tracker.catalogue()
    return catalogue.action(service, name) is not None if name else bool(catalogue.actions(service))


def _record(tracker: "Tracker", found: "Figures", most: int) -> dict[str, Any]:
    def busy(told: "Sequence[Busy]", key: str) -> list[dict[str, Any]]:
        return [
            {key: one.name, "changes": one.changes, "republished": one.republished, "policies": one.policies}
            for one in told[:most]
        ]

    def firsts(told: "Sequence[First]", key: str) -> list[dict[str, Any]]:
        return [
            {
                key: one.name,
                "observed_at": iso(one.at),
                "policy": str(one.arn),
                "version": str(one.version),
                "in_catalogue": _known(tracker, one),
            }
            for one in told[:most]
        ]

    return {
        "schema": 1,
        "type": "stats",
        "policies": found.policies,
        "versions": found.versions,
        "first_observation": iso(found.first) if found.first else None,
        "kinds": dict(found.kinds),
        "busiest_policies": busy(found.busiest_policies, "policy"),
        "busiest_months": busy(found.busiest_months, "month"),
        "first_services": firsts(found.services, "service"),
        "first_actions": firsts(found.actions, "action"),
        "catalogue": tracker.catalogue().version,
    }
