"""`policy-tracker subscribers`: who is told."""

import sys
from typing import TYPE_CHECKING, Any

import click

from tracker.cli import rosters
from tracker.cli.app import Group, formatted
from tracker.cli.bounces import command as bounces
from tracker.cli.exits import PARTIAL, worst
from tracker.cli.output import put, put_error, put_items, put_json, table
from tracker.cli.shell import Shell
from tracker.cli.wishes import CHANNELS, record, wish_of, wish_options
from tracker.errors import SettingsError

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.delivery.deliver import Delivery
    from tracker.delivery.subscribers import Subscriber


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
    """Who hears of changes, of which, and how often. SUBSCRIBER is an address, or a number that `list` shows."""


@command.command(
    "add",
    examples=(
        "policy-tracker subscribers add security@example.com --send-last",
        "policy-tracker subscribers add audit@example.com --frequency monthly --policy 'AWSSupport*' --policy ReadOnlyAccess",
    ),
)
@click.argument("address")
@wish_options
@click.option("--name", default="", help="A name, for a second subscription of one recipient.")
@click.option(
    "--channel",
    type=click.Choice(CHANNELS),
    default="mail",
    show_default=True,
    help="What ADDRESS is an address of.",
)
@click.option(
    "--confirmed/--ask",
    default=True,
    help="Subscribe at once, or let the recipient confirm by a link first (needs base_url). [default: at once]",
)
@click.option(
    "--send-last", is_flag=True, help="Send the newest change on record at once, to see what will come."
)
@formatted("text", "json")
@click.pass_obj
def add(
    shell: Shell,
    /,
    address: str,
    name: str,
    channel: str,
    confirmed: bool,
    send_last: bool,
    wanted: str,
    **flags: Any,
) -> int:
    """Subscribe an address, or the recipient of another channel; '-' reads it from standard input.

    The settings need mail.sender and mail.operator first: failures, bounces and unsubscribes go to the operator.
    """
    from tracker.bootstrap import new_token
    from tracker.delivery.addresses import shown
    from tracker.delivery.channels.addresses import check_address
    from tracker.delivery.smtp_settings import require_addresses

    if address == "-":
        address = sys.stdin.readline().strip()
    address = check_address(channel, address)  # what was typed first, then the settings
    wish = wish_of(flags, name)
    settings = shell.settings()
    require_addresses(settings.mail.sender, settings.mail.operator)
    tracker = shell.tracker()
    if not confirmed:
        if channel != "mail" or name or send_last or wanted == "json":
            raise click.UsageError("--ask is for a mail address, without --name, --send-last and --json")
        from tracker.signup import request

        request(tracker, address, wish, "operator", new_token)
        put(f"{shown(address)} is asked to confirm by mail")
        return 0
    added = tracker.subscribers.put(address, wish, tracker.clock(), new_token(), channel=channel)
    sent = _send_last(tracker, added) if send_last else None
    if wanted == "json":
        put_json({"schema": 1, "type": "subscriber", **record(added)})
    else:
        put(f"{shown(added.address)} is subscribed: {', '.join(added.policies)}, {added.frequency}")
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
    from tracker.previewing import heard_of
    from tracker.publishing import send_last
    from tracker.service import deliver

    send_last(tracker, subscriber, heard_of(tracker, subscriber.wish))
    return deliver(tracker)


def _codes(sent: "Delivery") -> list[int]:
    codes = [PARTIAL] if sent.failed else []
    if sent.stopped is not None:
        put_error(str(sent.stopped), sent.stopped.advice)
        codes.append(sent.stopped.exit_code)
    return codes


@command.command("new-key", examples=("policy-tracker subscribers new-key --drop-old",))
@click.option("--drop-old", is_flag=True, help="Links that are under way stop working, too.")
@click.pass_obj
def new_key(shell: Shell, drop_old: bool) -> None:
    """Sign links to confirm, manage and undo with a new key from now on.

    Links signed by the last key work until they end, unless --drop-old. The links to unsubscribe are not signed, and go on.
    """
    from tracker.delivery.tokens import replace_key

    replace_key(shell.tracker().database, 0 if drop_old else 1)
    put("links are signed by a new key" + (", and those that were sent have ended" if drop_old else ""))


@command.command(
    "list", examples=("policy-tracker subscribers list", "policy-tracker subscribers list --json")
)
@formatted("text", "json")
@click.pass_obj
def list_(shell: Shell, wanted: str) -> None:
    """Everybody who is subscribed."""
    from tracker.delivery.addresses import shown
    from tracker.delivery.wish import in_words

    everybody = shell.tracker().subscribers.list()
    if wanted == "json":
        put_items("subscribers", [record(one) for one in everybody])
    elif everybody:
        rows = [
            (
                *(str(one.id), shown(one.address), one.wish.name, in_words(one.wish)),
                *(one.state, f"{one.created:%Y-%m-%d}"),
            )
            for one in everybody
        ]
        table(("id", "recipient", "name", "asks for", "state", "since"), rows)
    else:
        put("nobody is subscribed")


@command.command("show", examples=("policy-tracker subscribers show security@example.com",))
@click.argument("subscriber")
@formatted("text", "json")
@click.pass_obj
def show(shell: Shell, subscriber: str, wanted: str) -> None:
    """What an address, a number or a token is subscribed to, and what is stored of it."""
    tracker = shell.tracker()
    found = tracker.subscribers.all_of(subscriber)
    if not found:
        tracker.subscribers.get(subscriber)  # says that there is none
    if wanted == "json":
        put_items("subscribers", [record(one) for one in found])
        return
    for one in found:
        table(("what", "value"), [(key, _plain(value)) for key, value in record(one).items()])


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value in (None, "") else str(value)


@command.command("pause", examples=("policy-tracker subscribers pause audit@example.com",))
@click.argument("subscriber")
@click.pass_obj
def pause(shell: Shell, subscriber: str) -> None:
    """Hold back what waits for a subscription and what comes, until it is resumed."""
    tracker = shell.tracker()
    paused = tracker.subscribers.pause(subscriber, tracker.clock())
    put(f"{paused.label} is paused")


@command.command("resume", examples=("policy-tracker subscribers resume audit@example.com",))
@click.argument("subscriber")
@click.pass_obj
def resume(shell: Shell, subscriber: str) -> None:
    """End a pause, or try a recipient again that bounced. What a pause of seven days at most held back is sent."""
    tracker = shell.tracker()
    held = tracker.subscribers.resume(subscriber, tracker.clock())
    put(f"{subscriber} is active again" + (f"; {held} held back, now to be sent" if held else ""))


@command.command("remove", examples=("policy-tracker subscribers remove audit@example.com",))
@click.argument("address")
@click.option(
    "--erase", is_flag=True, help="Forget the address everywhere, too: all of its subscriptions end."
)
@formatted("text", "json")
@click.pass_obj
def remove(shell: Shell, address: str, erase: bool, wanted: str) -> None:
    """Unsubscribe an address, a subscription's number or its token, and take back what waits for it."""
    tracker = shell.tracker()
    if erase:
        rows = tracker.subscribers.erase(address, tracker.clock())
        if wanted == "json":
            put_json({"schema": 1, "type": "erased", "address": address, "rows": rows})
            return
        put(f"nothing names the address any more: {rows} rows say 'erased' instead")
        return
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


for one in (bounces, rosters.import_, rosters.export, rosters.apply, rosters.preview):
    command.add_command(one)
