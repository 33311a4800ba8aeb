"""The command line itself: which commands there are, loaded when they are called, and the flags that all of them have."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from tracker.cli.shell import Shell

# Each module has one `command`. A module is read when its command is called or --help lists it.
COMMANDS = {
    "init": "tracker.cli.init",
    "check": "tracker.cli.check",
    "daemon": "tracker.cli.daemon",
    "serve": "tracker.cli.serve",
    "site": "tracker.cli.site",
    "import": "tracker.cli.import_",
    "log": "tracker.cli.log",
    "show": "tracker.cli.show",
    "diff": "tracker.cli.diff",
    "changelog": "tracker.cli.changelog",
    "search": "tracker.cli.search",
    "stats": "tracker.cli.stats",
    "attention": "tracker.cli.attention",
    "gate": "tracker.cli.gate",
    "role": "tracker.cli.role",
    "catalogue": "tracker.cli.catalogue",
    "used": "tracker.cli.used",
    "subscribers": "tracker.cli.subscribers",
    "outbox": "tracker.cli.outbox",
    "reconcile": "tracker.cli.reconcile",
    "ack": "tracker.cli.ack",
    "pending": "tracker.cli.pending",
    "evidence": "tracker.cli.evidence",
    "verify": "tracker.cli.verify",
    "reindex": "tracker.cli.reindex",
    "backup": "tracker.cli.backup",
    "restore": "tracker.cli.restore",
    "doctor": "tracker.cli.doctor",
    "mcp": "tracker.cli.mcp",
    "demo": "tracker.cli.demo",
}
ALIASES = {"catalog": "catalogue"}


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    shell = ctx.ensure_object(Shell)
    if param.name == "home" and value is not None:
        if not value.strip():
            raise click.BadParameter("no folder is named", ctx, param)
        shell.home_flag = value
    elif param.name == "partition" and value is not None:
        shell.sets["aws.partition"] = value
    elif param.name == "verbose":
        shell.verbose += value
    elif param.name == "set":
        for pair in value:
            key, sign, text = pair.partition("=")
            if not sign:
                raise click.BadParameter("wanted: KEY=VALUE, for instance mail.host=localhost", ctx, param)
            shell.sets[key.strip()] = text


def common() -> list[click.Option]:
    """The flags that stand before or after the name of every command."""
    return [
        click.Option(["--home"], metavar="DIR", expose_value=False, callback=_keep, type=click.Path(),
                     help="The tracker's folder. [default: POLICY_TRACKER_HOME, the current folder if it holds policy-tracker.toml, else your data folder]"),
        click.Option(["--partition"], metavar="PARTITION", expose_value=False, callback=_keep,
                     help="Where a policy is that is given by its name alone: aws, aws-us-gov, aws-cn. [default: aws.partition]"),
        click.Option(["--set"], metavar="KEY=VALUE", multiple=True, expose_value=False, callback=_keep,
                     help="A setting for this run alone, for instance aws.profile=audit."),
        click.Option(["-v", "--verbose"], count=True, expose_value=False, callback=_keep,
                     help="Say more on standard error; -vv says everything."),
    ]  # fmt: skip


class Examples(click.Command):
    """A command whose help ends with the flags that all commands have, and with examples."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.common = common()
        self.params += self.common

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """-h for every command, however deep and whoever asks."""
        return ["-h", "--help"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its own options first, then the common ones."""
        for title, ours in (("Options", False), ("Options of every command", True)):
            rows = [
                row
                for one in self.get_params(ctx)
                if isinstance(one, click.Option)
                and (one in self.common) is ours
                and (row := one.get_help_record(ctx))
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, one a line, ready to be copied."""
        with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
            for example in self.examples:
                formatter.write(f"  {example}\n")


class Group(Examples, click.Group):
    """A command with commands of its own."""

    command_class = Examples

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use, not of the alphabet."""
        return list(self.commands)


class Lazy(Group):
    """The outermost group: its commands are modules, read when they are wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or what is also called so."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        command = import_module(COMMANDS[name]).command
        assert isinstance(command, click.Command)  # noqa: S101 -- each module keeps that promise; a test asks all of them
        return command


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"policy-tracker {version('policy-tracker')}")
        ctx.exit()


def formatted(*formats: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--format` with the first as its default, and `--json` for short; the function is handed it as `wanted`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        choice = click.option(
            "--format",
            "wanted",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="What to print.",
        )
        return choice(as_json(function))

    as_json = click.option("--json", "wanted", flag_value="json", help="The same as --format json.")
    return decorate


@click.group(
    cls=Lazy,
    context_settings={"max_content_width": 100},
    examples=(
        "policy-tracker init",
        "policy-tracker check",
        "policy-tracker diff ReadOnlyAccess 2026-01-01 2026-07-01",
    ),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version and leave.",
)
def command() -> None:
    """What can be done in my AWS account today that could not be done before?

    policy-tracker keeps every version of AWSSupportServiceRolePolicy, or of any other AWS managed policy, says in plain
    words what each change newly allows, and mails that to the teams that subscribed.

    \b
    Exit codes: 0 done; 1 a change was found, 5 a tripwire was hit (both only with --exit-code);
    2 usage, or input that can't be read; 3 part of the work failed; 4 settings, credentials or
    permissions; 70 our own fault; 75 try again later; 130 interrupted.
    """
