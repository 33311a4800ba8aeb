"""`python -m tests.find_dead`: what is defined in tracker/ and used nowhere: not there, not in a template, not in a test of its own. Part of `make check`.

vulture reads the Python; what templates name counts as used. Exits 1 where anything is left, or a reason below is no longer needed.
"""

import re
import sys
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).resolve().parent.parent
_WORD = re.compile(r"[A-Za-z_]\w+")
# A name that somebody else's code calls or reads.
ELSEWHERE = {
    "__getattr__": "Python asks a module for it", "__dir__": "Python asks a module for it",
    "attrs": "html.parser hands it over", "handle_starttag": "html.parser calls it", "handle_endtag": "html.parser calls it",
    "handle_data": "html.parser calls it", "handle_DATA": "aiosmtpd calls it", "_create_server": "aiosmtpd calls it",
    "row_factory": "sqlite3 reads it", "trace": "Python hands it to __exit__", "capture_signals": "uvicorn calls it",
    "should_exit": "uvicorn reads it", "get_next_fire_time": "APScheduler calls it", "external_attr": "zipfile reads it",
    "create_system": "zipfile reads it", "compress_type": "zipfile reads it", "default_version_id": "moto reads it",
    "assume_role_policy_document": "moto reads it", "IAMBackend": "a type in a comment's place, of a library without types",
    "params": "click reads it", "get_help_option_names": "click calls it", "format_options": "click calls it",
    "format_epilog": "click calls it", "command_class": "click reads it", "list_commands": "click calls it",
    "get_command": "click calls it", "shell_complete": "click calls it", "password_file": "a setting, read by its key",
    "webhook_secret_file": "a setting, read by its key", "code_generator_class": "Jinja2 reads it",
    "_output_child_pre": "Jinja2 calls it", "_output_child_post": "Jinja2 calls it",
    "load_bytecode": "Jinja2 calls it", "dump_bytecode": "Jinja2 calls it",
}  # fmt: skip
# A function that its decorator hands to a library, or a type that only annotations in quotes name.
_DECORATORS = ["@app.*", "@group.*", "@*.command*", "@command.*", "@MIGRATIONS*", "@migrations*"]
_MIGRATION = re.compile(r"m\d{3}_")


def main() -> int:
    """Print what nobody uses; 1 where that is anything."""
    finder = Vulture(ignore_decorators=_DECORATORS)
    finder.scavenge([str(ROOT / name) for name in ("tracker", "tests", "benchmarks")])
    templates = {
        word
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
        for word in _WORD.findall(path.read_text(encoding="utf-8"))
    }
    quoted = {
        word
        for path in (ROOT / "tracker").rglob("*.py")
        for text in re.findall(r"(?:: |-> |cast\()\"([^\"\n]+)\"", path.read_text(encoding="utf-8"))
        for word in _WORD.findall(text)
    }
    found = [one for one in finder.get_unused_code() if Path(one.filename).is_relative_to(ROOT / "tracker")]
    dead = [
        f"{Path(one.filename).relative_to(ROOT)}:{one.first_lineno}: {one.typ} {one.name} is used nowhere"
        for one in found
        if one.name not in templates | quoted | ELSEWHERE.keys() and not _MIGRATION.match(one.name)
    ]
    for line in dead:
        print(line)
    return bool(dead)


if __name__ == "__main__":
    sys.exit(main())
