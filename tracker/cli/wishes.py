"""The flags that say what a subscription asks for, and what is shown of one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.policies import POLICY
from tracker.model.instants import iso

if TYPE_CHECKING:
    from tracker.delivery.subscribers import Subscriber
    from tracker.delivery.wish import Wish

# As tracker/delivery has them; a test holds them together. Reading that room costs more than --help may.
FREQUENCIES = ("instant", "daily", "weekly", "monthly", "watchlisted")
FORMS = ("full", "summary", "attached")
LEVELS = ("List", "Read", "Tagging", "Write", "Permissions management")
WATCH_KINDS = (
    "capability",
    "credentials",
    "customer-data",
    "deny",
    "escalation",
    "exposure",
    "level",
    "not-reviewed",
)
KINDS = (
    "catalogue-growth",
    "compared",
    "created",
    "reappeared",
    "recreated",
    "removed",
    "republished",
    "rolled-back",
    "updated",
)
CHANNELS = ("mail", "ses", "slack", "teams", "webhook", "sns", "eventbridge", "git", "apprise")

_OPTIONS = [
    click.option("--policy", "policies", multiple=True, type=POLICY, metavar="POLICY",
                 help="A policy to hear of, or a pattern like 'AWSSupport*'; may be given again. [default: every policy that is looked at]"),
    click.option("--service", "services", multiple=True, metavar="PREFIX",
                 help="Only what concerns this service, like s3; may be given again."),
    click.option("--level", type=click.Choice(LEVELS, case_sensitive=False),
                 help="Only where an action of this access level or above is concerned, or one whose level nobody knows."),
    click.option("--watch", multiple=True, type=click.Choice(WATCH_KINDS),
                 help="Only with findings of this kind; may be given again."),
    click.option("--tripwires", is_flag=True, help="Only what hits a tripwire of the settings."),
    click.option("--additions", is_flag=True, help="Only what allows more than before, or may."),
    click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind of transition; may be given again."),
    click.option("--least", type=click.IntRange(0, 100_000), default=0, help="Only where so many actions are concerned."),
    click.option("--frequency", type=click.Choice(FREQUENCIES), default="instant", show_default=True,
                 help="A message for each change, or a digest; 'watchlisted': instant when watchlisted, else monthly."),
    click.option("--hour", type=click.IntRange(0, 23), help="The hour of digests, UTC. [default: when the tracker reports]"),
    click.option("--heartbeat/--no-heartbeat", default=None,
                 help="Digests that say that nothing changed, too. [default: monthly ones alone]"),
    click.option("--form", type=click.Choice(FORMS), default="full", show_default=True,
                 help="'summary': nothing is attached; 'attached': the full changelog always is, even where there are pages."),
]  # fmt: skip


def wish_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The flags of a wish; the function takes them as keyword arguments and hands them to `wish_of`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def wish_of(flags: dict[str, Any], name: str = "") -> "Wish":
    """The wish that flags say. Raises InputError for what is none."""
    from tracker.delivery.wish import read_wish

    return read_wish(
        {"name": name, **{key: list(one) if isinstance(one, tuple) else one for key, one in flags.items()}}
    )


def record(one: "Subscriber") -> dict[str, object]:
    """A subscription as JSON prints it; never its token."""
    from tracker.delivery.addresses import shown
    from tracker.delivery.wish import wish_record

    return {
        "id": one.id,
        "address": shown(one.address),
        "channel": one.channel,
        **wish_record(one.wish),
        "state": one.state,
        "origin": one.origin,
        "created": iso(one.created),
        "confirmed": iso(one.confirmed) if one.confirmed else None,
        "paused": iso(one.paused) if one.paused else None,
        "told_until": iso(one.told_until) if one.told_until else None,
    }
