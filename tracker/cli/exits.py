"""From what went wrong to an exit code and a line on standard error. Nothing a person can foresee ends in a traceback."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.output import put_error
from tracker.cli.shell import Shell
from tracker.errors import TrackerError
from tracker.model.history import Kind
from tracker.model.instants import stamp

if TYPE_CHECKING:
    from tracker.model.change import Change

DONE, FOUND, USAGE, PARTIAL, SETUP, TRIPWIRE, OUR_FAULT, LATER, INTERRUPTED = 0, 1, 2, 3, 4, 5, 70, 75, 130
COMPLETION = "_POLICY_TRACKER_COMPLETE"  # set by a shell that asks for completions
# More than one applies: the first of these. What is not in it stands alone.
PRECEDENCE = (OUR_FAULT, SETUP, LATER, PARTIAL, TRIPWIRE, FOUND)
# Faults of the machine that a person can set right; any other OSError is ours.
_MACHINE = {
    errno.ENOSPC: "there is no space left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "it stands on a read-only file system",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EMFILE: "this process has too many files open",
    errno.ENFILE: "the machine has too many files open",
    errno.EIO: "the disk answers with an error",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "symbolic links run in a circle",
    errno.ENOTDIR: "a file stands where a folder is needed",
    errno.EISDIR: "a folder stands where a file is needed",
}


def worst(codes: Iterable[int]) -> int:
    """The exit code where several apply; 0 for none."""
    found = set(codes)
    return next((code for code in PRECEDENCE if code in found), max(found, default=DONE))


def changed(changes: "Iterable[Change]") -> Iterator[int]:
    """The codes of `--exit-code`: 1 for a change of any kind but republished and cosmetic, 5 for a tripwire."""
    for change in changes:
        kind = change.transition.kind
        same = kind is Kind.REPUBLISHED or (
            kind in (Kind.UPDATED, Kind.COMPARED) and change.difference.equal_language
        )
        if not same:
            yield FOUND
        if change.tripwires:
            yield TRIPWIRE


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; a command returns its own, None is 0."""
    shell = Shell()
    try:
        result = command.main(
            arguments if arguments is None else list(arguments),
            prog_name="policy-tracker",
            standalone_mode=False,
            obj=shell,
        )
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("policy-tracker: interrupted", err=True)
        return INTERRUPTED
    except (SystemExit, Exception) as error:
        if _on_the_way_out(error):
            click.echo("policy-tracker: interrupted", err=True)
            return INTERRUPTED
        if isinstance(error, TrackerError):
            put_error(str(error), error.advice)
            return error.exit_code
        return _not_ours_to_raise(error, shell)
    return result if isinstance(result, int) else DONE


def _on_the_way_out(error: BaseException) -> bool:
    """Whether Ctrl-C came first, and this went wrong while what was open was being closed."""
    before = error.__context__
    while before is not None and not isinstance(before, KeyboardInterrupt):
        before = before.__context__
    return before is not None


def _not_ours_to_raise(error: SystemExit | Exception, shell: Shell) -> int:
    """What click, Python and the machine raise."""
    if isinstance(error, SystemExit) and COMPLETION in os.environ:
        raise error  # completion has printed what the shell asked for
    if isinstance(error, SystemExit | BrokenPipeError):
        # The reader has seen enough (`policy-tracker log | head`), for which click ends with 1; but 1 is taken.
        _let_go_of_standard_output()
        return DONE
    if isinstance(error, OSError) and error.errno in _MACHINE:
        _say_machine(error)
        return SETUP
    return _our_fault(error, shell)


def _say_machine(error: OSError) -> None:
    what = f"{error.filename}: " if error.filename else ""
    click.echo(f"policy-tracker: {what}{_MACHINE[error.errno or 0]}", err=True)
    click.echo("  nothing that was recorded is lost: mend it and run the same command again", err=True)
    if error.filename is None:
        _let_go_of_standard_output()  # perhaps it was standard output that is full


def _let_go_of_standard_output() -> None:
    """What is still buffered goes nowhere, so that the interpreter does not complain about it while it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return


def _our_fault(error: Exception, shell: Shell) -> int:
    import traceback  # for what should never happen

    text = "".join(traceback.format_exception(error))
    kept = keep_traceback(text, shell.home)
    first = str(error).splitlines()[0] if str(error) else ""
    where = f"the traceback is in {kept}" if kept else "the traceback could not be written and follows"
    said = f"{type(error).__name__}{': ' if first else ''}{first}"
    click.echo(f"policy-tracker: an unexpected error, and our own fault ({said}); {where}", err=True)
    if not kept:
        click.echo(text, err=True)
    return OUR_FAULT


def keep_traceback(text: str, home: Path | None) -> Path | None:
    """Write a traceback where its owner alone can read it: the tracker's folder, else the folder for temporary files."""
    import tempfile  # for what should never happen

    name = f"policy-tracker-{stamp(datetime.now(UTC))}-"
    for folder in (home / "crashes" if home and home.is_dir() else None, Path(tempfile.gettempdir())):
        if folder is None:
            continue
        try:
            folder.mkdir(exist_ok=True)
            handle, path = tempfile.mkstemp(prefix=name, suffix=".txt", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            continue
        return Path(path)
    return None
