"""`policy-tracker mcp`: the archive as read-only tools for a client of the Model Context Protocol."""

import click

from tracker.cli.app import Examples
from tracker.cli.shell import Shell
from tracker.errors import SetupError


@click.command(
    "mcp",
    cls=Examples,
    short_help="Answer a client of the Model Context Protocol.",
    examples=("policy-tracker mcp --home /srv/policy-tracker",),
)
@click.pass_obj
def command(shell: Shell) -> None:
    """Answers a client of the Model Context Protocol (MCP) on standard input and output, until it hangs up.

    The client starts this command itself. Its tools read the archive: policies, changes of a period, what deserves attention,
    who may call an action since when, two versions compared. None of them writes, sends or asks AWS. Needs the extra `mcp`:
    pip install 'policy-tracker[mcp]'.
    """
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise SetupError(
            "the Model Context Protocol's own package is not installed",
            advice="pip install 'policy-tracker[mcp]'",
        )
    home = shell.tracker().home  # a folder that is none is said before a client waits for an answer
    from tracker.mcp_server import serve

    serve(home)
