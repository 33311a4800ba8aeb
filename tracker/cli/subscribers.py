"""`policy-tracker subscribers`: who is told."""

import sys
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Group, formatted
from tracker.cli.exits import PARTIAL, worst
from tracker.cli.output import put, put_error, put_items, put_json, table
from tracker.cli.policies import POLICY
from tracker.cli.shell import Shell
from tracker.errors import SettingsError, UnknownPolicyError
from tracker.model.instants import iso

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.delivery.deliver import Delivery
    from tracker.delivery.subscribers import Subscriber
    from tracker.model.identity import PolicyArn


@click.group(
    "subscribers",
    cls=Group,
    short_help="Who is mailed about changes.",
    examples=(
        "policy-tracker subscribers add security@example.com --send-last",
        "policy-tracker subscribers list",
    ),
)
def command() -> None:
    """Who is mailed about changes: add, list, remove, test."""


@command.command(
    "add",
    examples=(
        "policy-tracker subscribers add security@example.com --send-last",
        "policy-tracker subscribers add audit@example.com --frequency monthly --policy 'AWSSupport*' --policy ReadOnlyAccess",
    ),
)
@click.argument("address")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=POLICY,
    metavar="POLICY",
    help="A policy to hear of, or a pattern like 'AWSSupport*'; may be given again. [default: every policy that is watched]",
)
@click.option(
    "--frequency",
    type=click.Choice(["instant", "monthly"]),
    default="instant",
    show_default=True,
    help="A mail for each change, or one report a month.",
)
@click.option(
    "--send-last", is_flag=True, help="Send the newest change on record at once, to see what will come."
)
@formatted("text", "json")
@click.pass_obj
def add(
    shell: Shell, address: str, policies: tuple[str, ...], frequency: str, send_last: bool, wanted: str
) -> int:
    """Subscribe an address.

    The settings need mail.sender and mail.operator first: failures, bounces and unsubscribes go to the operator.
    """
    from tracker.bootstrap import new_token
    from tracker.delivery.smtp_settings import require_addresses

    settings = shell.settings()
    require_addresses(settings.mail.sender, settings.mail.operator, subscribed=1)
    tracker = shell.tracker()
    added = tracker.subscribers.add(address, policies, frequency, tracker.clock(), new_token())
    sent = _send_last(tracker, added) if send_last else None
    if wanted == "json":
        put_json({"schema": 1, "type": "subscriber", **_record(added)})
    else:
        put(f"{added.address} is subscribed: {', '.join(added.policies)}, {added.frequency}")
        if sent is not None:
            put(
                f"  {sent.sent} sent, {sent.retried} put off, {sent.failed} refused"
                if sent.sent + sent.retried + sent.failed
                else "  nothing to send: no change is on record yet"
            )
    if not settings.mail.host:
        put_error(
            "no mail server is set: mails wait in the outbox", f"set host under [mail] in {settings.file}"
        )
    return worst(_codes(sent)) if sent else 0


def _send_last(tracker: "Tracker", subscriber: "Subscriber") -> "Delivery":
    from tracker.service import deliver, send_last

    send_last(tracker, subscriber, _heard_of(tracker, subscriber))
    return deliver(tracker)


def _heard_of(tracker: "Tracker", subscriber: "Subscriber") -> "tuple[PolicyArn, ...]":
    """The archived policies that are watched; and those that the subscriber names, watched or not."""
    watched = set()
    for name in tracker.policies:
        try:
            watched.add(tracker.archive.resolve(name, tracker.partition))
        except UnknownPolicyError:
            continue  # never looked at: there is nothing to send of it
    return tuple(
        arn for arn in tracker.archive.policies() if arn in watched or "*" not in subscriber.policies
    )


def _codes(sent: "Delivery") -> list[int]:
    codes = [PARTIAL] if sent.failed else []
    if sent.stopped is not None:
        put_error(str(sent.stopped), sent.stopped.advice)
        codes.append(sent.stopped.exit_code)
    return codes


@command.command(
    "list", examples=("policy-tracker subscribers list", "policy-tracker subscribers list --json")
)
@formatted("text", "json")
@click.pass_obj
def list_(shell: Shell, wanted: str) -> None:
    """Everybody who is subscribed."""
    everybody = shell.tracker().subscribers.list()
    if wanted == "json":
        put_items("subscribers", [_record(one) for one in everybody])
    elif everybody:
        rows = [
            (one.address, ", ".join(one.policies), one.frequency, one.state, f"{one.created:%Y-%m-%d}")
            for one in everybody
        ]
        table(("address", "policies", "frequency", "state", "since"), rows)
    else:
        put("nobody is subscribed")


def _record(one: "Subscriber") -> dict[str, object]:
    return {
        "address": one.address,
        "policies": list(one.policies),
        "frequency": one.frequency,
        "state": one.state,
        "created": iso(one.created),
    }


@command.command("remove", examples=("policy-tracker subscribers remove audit@example.com",))
@click.argument("address")
@formatted("text", "json")
@click.pass_obj
def remove(shell: Shell, address: str, wanted: str) -> None:
    """Unsubscribe an address, and take back what waits for it."""
    tracker = shell.tracker()
    waiting = tracker.subscribers.remove(address, tracker.clock())
    if wanted == "json":
        put_json({"schema": 1, "type": "unsubscribed", "address": address, "taken_back": waiting})
        return
    put(
        f"{address} is no longer subscribed"
        + (f"; {waiting} waiting mails were taken back" if waiting else "")
    )


@command.command(
    "test",
    examples=(
        "policy-tracker subscribers test",
        "policy-tracker subscribers test security@example.com",
        "policy-tracker subscribers test --channel slack -        # reads the address from standard input",
    ),
)
@click.argument("address", required=False)
@click.option(
    "--channel",
    type=click.Choice(["mail", "ses", "slack", "teams", "webhook", "sns", "eventbridge", "git", "apprise"]),
    default="mail",
    show_default=True,
    help="What ADDRESS is an address of.",
)
@formatted("text", "json")
@click.pass_obj
def test(shell: Shell, address: str | None, channel: str, wanted: str) -> None:
    """Send a test message at once, past the outbox, and print the answer.

    ADDRESS need not be subscribed; without it a mail goes to the operator. The address of a webhook may be a secret:
    '-' reads it from standard input, so that it stands in no list of processes.
    """
    from tracker.delivery.addresses import shown
    from tracker.delivery.channels import check_address
    from tracker.delivery.deliver import send_test

    settings = shell.settings()
    recipient = address or (settings.mail.operator if channel in ("mail", "ses") else "")
    if recipient == "-":
        recipient = sys.stdin.readline().strip()
    if not recipient:
        raise SettingsError(
            "mail.operator is not set", advice=f"set it under [mail] in {settings.file}, or name an address"
        )
    tracker = shell.tracker()
    checked = check_address(channel, recipient)
    sender = settings.mail.sender or "policy-tracker"
    answer = send_test(tracker.channel(), checked, sender, tracker.clock(), tracker.new_id(), by=channel)
    if wanted == "json":
        put_json({"schema": 1, "type": "test-mail", "recipient": shown(checked), "answer": answer})
    else:
        put(f"{shown(checked)}: {answer}")
