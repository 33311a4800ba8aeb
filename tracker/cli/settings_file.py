"""policy-tracker.toml as `init` writes it: every setting, what it means, its default; and the same as a table."""

import textwrap
from collections.abc import Iterator
from datetime import time

from tracker.settings import DECLARED, PREFIX, SECTIONS

_HEAD = """\
# Settings of this tracker. A line that begins with # shows a default: take the # away to change it.
# Each can be set for one process by a variable, for instance POLICY_TRACKER_MAIL__HOST for `host` under [mail],
# and for one run by a flag: --set mail.host=localhost. What is in force, and why: policy-tracker doctor
"""


def settings_text(drawn: time) -> str:
    """The whole file, in which only the drawn hour and minute are set."""
    lines = [_HEAD]
    for section in ("", *SECTIONS):
        if section:
            lines += [f"# {_about(section)}", f"[{section}]"]
        for declared in DECLARED.values():
            if declared.key.rpartition(".")[0] != section:
                continue
            lines += textwrap.wrap(declared.meaning, 110, initial_indent="# ", subsequent_indent="# ")
            name = declared.key.rpartition(".")[2]
            if declared.key == "schedule.at":
                lines.append(f"{name} = {declared.kind.write(drawn)}")
            else:
                lines.append(f"#{name} = {declared.kind.write(declared.default)}")
        lines.append("")
    return "\n".join(lines)


def settings_table() -> Iterator[str]:
    """docs/settings.md's tables, line by line: one a section."""
    for section in ("", *SECTIONS):
        yield f"## `[{section}]`" if section else "## Above all sections"
        if section:
            yield f"\n{_about(section)}"
        yield "\n| key | default | wanted | meaning |\n| --- | --- | --- | --- |"
        for declared in DECLARED.values():
            if declared.key.rpartition(".")[0] != section:
                continue
            variable = PREFIX + declared.key.upper().replace(".", "__")
            cells = (
                f"`{declared.key}`<br>`{variable}`",
                f"`{declared.kind.write(declared.default)}`",
                declared.kind.right,
                declared.meaning,
            )
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield ""


def _about(section: str) -> str:
    return (SECTIONS[section].__doc__ or "").splitlines()[0]
