"""A line that a reader copies, parsed as the command would parse it, without running it."""

import shlex

import click

from tracker.cli.app import command as outermost


def parse(line: str) -> tuple[str, ...]:
    """The path of the command that a line names ('outbox', 'list'). Raises click's UsageError for what is wrong in it."""
    words = shlex.split(line.split(" > ")[0].split(" | ")[0], comments=True)[1:]
    while words and words[0] in ("--home", "--set"):  # flags of every command, with their values
        words = words[2:]
    if not words or words[0] in ("--version", "--help"):
        return ()
    sub: click.Command | None = outermost
    path: list[str] = []
    while isinstance(sub, click.Group):
        if sub.invoke_without_command and (not words or words[0].startswith("-")):
            break
        default = getattr(sub, "default", "")  # the command that is meant where none is named
        if default and words and words[0] not in sub.commands:
            words.insert(0, default)
        path.append(words.pop(0) if words else "")
        sub = sub.get_command(click.Context(sub), path[-1])
    if sub is None:
        raise click.UsageError(f"there is no command {' '.join(path)}")
    try:
        sub.make_context(path[-1] if path else "policy-tracker", words)
    except click.BadParameter as error:
        # A reader has the file that an example names; this test has not.
        if not (
            error.param
            and isinstance(error.param.type, click.Path | click.File)
            and "does not exist" in error.message
        ):
            raise
    return tuple(path)
