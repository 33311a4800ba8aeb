"""`policy-tracker ack`: somebody signs for a change. `ack list`: who signed for what."""

import click

from tracker.cli.app import Group, formatted
from tracker.cli.output import put, put_items, put_json
from tracker.cli.policies import begun, instant
from tracker.cli.shell import Shell
from tracker.errors import InputError

_VALUES = {"--home", "--partition", "--set"}  # flags of every command that take the next word


class _Ack(Group):
    """`ack CHANGE` is `ack change CHANGE`: what is none of its commands is a change."""

    default = "change"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name before a change."""
        words = list(args)
        while words and words[0].startswith("-") and words[0] not in ("-h", "--help"):
            words = words[2:] if words[0] in _VALUES else words[1:]
        if args and not (words and (words[0] in self.commands or words[0] in ("-h", "--help"))):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


@click.group(
    "ack",
    cls=_Ack,
    short_help="Sign for a change, or list who did.",
    examples=(
        "policy-tracker ack AWSSupportServiceRolePolicy@v59 --by jane@example.com --ticket SEC-1234",
        "policy-tracker ack list --since 2026-01-01 --format csv",
    ),
)
def command() -> None:
    """Say who has read a change, on record for an auditor: `ack CHANGE --by WHO`.

    CHANGE is an id or its beginning (`pending` prints them), POLICY@v20, or the versions as `log` prints them:
    'v19 to v20'. `ack CHANGE` is short for `ack change CHANGE`.
    """


@command.command(
    "change",
    examples=(
        "policy-tracker ack change 0123456789abcdef --by jane@example.com --ticket SEC-1234",
        "policy-tracker ack change ReadOnlyAccess@v190 --by jane@example.com --item s3:GetObject",
    ),
)
@click.argument("change")
@click.option(
    "--by", required=True, metavar="WHO", help="Who signs: a name or an address. Nobody checks it here."
)
@click.option("--ticket", default="", metavar="T", help="Where it was discussed.")
@click.option("--note", default="", metavar="TEXT", help="What is to be known of it, in one line.")
@click.option(
    "--item",
    "items",
    multiple=True,
    metavar="ITEM",
    help="Sign for this alone of what deserves attention: a rule, or an action. May be repeated.",
)
@formatted("text", "json")
@click.pass_obj
def change(
    shell: Shell, change: str, by: str, ticket: str, note: str, items: tuple[str, ...], wanted: str
) -> None:
    """Sign for CHANGE. A line is added to signoffs.jsonl; none is ever taken away."""
    from tracker.archive.records import signoff_record
    from tracker.model.instants import words
    from tracker.signing import sign

    tracker = shell.tracker()
    made, new = sign(tracker, change, by, ticket, note, items)
    if wanted == "json":
        put_json({"schema": 1, "type": "signoff", **signoff_record(made), "new": new})
        return
    what = f"{made.arn.name} {made.from_version or 'none'} to {made.to_version or 'none'} ({made.change})"
    part = f"{len(made.items)} of {made.out_of} items of " if made.items else ""
    already = "" if new else "; nothing was added: it stood there already"
    put(f"{made.by} signed for {part}{what} at {words(made.signed_at)}{already}")
    if made.items and new:
        left = _left(shell, made.change)
        put(
            f"still to be signed for: {left} of {made.out_of} items"
            if left
            else "every item of it is signed for now"
        )


def _left(shell: Shell, change: str) -> int:
    from tracker.archive.signoffs import Signoffs

    tracker = shell.tracker()
    signed = [one for one in Signoffs(tracker.home, tracker.database).all() if one.change == change]
    if any(not one.items for one in signed):
        return 0
    return max(one.out_of for one in signed) - len({item for one in signed for item in one.items})


@command.command(
    "list",
    examples=(
        "policy-tracker ack list",
        "policy-tracker ack list --since 2026-01-01 --format csv > signoffs.csv",
    ),
)
@click.option("--since", metavar="DATE", help="Those from then on.")
@click.option("--until", metavar="DATE", help="Those before then.")
@formatted("text", "csv", "json", "markdown")
@click.pass_obj
def list_(shell: Shell, since: str | None, until: str | None, wanted: str) -> None:
    """Who signed for what, oldest first."""
    from tracker.archive.records import signoff_record
    from tracker.archive.signoffs import Signoffs
    from tracker.changelog.signoffs import signoffs_csv, signoffs_markdown, version
    from tracker.cli.output import table

    tracker = shell.tracker()
    begin, end = begun(since, tracker.clock()), instant(until, "--until") if until else None
    if begin and end and begin >= end:
        raise InputError(f"--since {since} does not come before --until {until}")
    signed = [
        one
        for one in Signoffs(tracker.home, tracker.database).all()
        if (begin is None or one.signed_at >= begin) and (end is None or one.signed_at < end)
    ]
    if wanted == "json":
        put_items("signoffs", [signoff_record(one) for one in signed])
    elif wanted == "csv":
        click.echo(signoffs_csv(signed), nl=False)
    elif wanted == "markdown":
        put(signoffs_markdown(signed))
    elif not signed:
        put("nobody has signed for a change" + (" in that time" if begin or end else ""))
    else:
        table(
            ("signed (UTC)", "by", "policy", "versions", "what", "ticket", "note"),
            [
                (
                    f"{one.signed_at:%Y-%m-%d %H:%M}",
                    one.by,
                    one.arn.name,
                    f"{version(one.from_version)} to {version(one.to_version)}",
                    f"{len(one.items)} of {one.out_of} items" if one.items else "all",
                    one.ticket,
                    one.note,
                )
                for one in signed
            ],
        )
