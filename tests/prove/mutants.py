"""Comparisons broken on purpose, each by one edit of the source: the oracle must catch every one of them.

An edit whose old text is no longer in the source fails, so this list stays true to it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAIRS = 6000  # as many as a mutant may survive; most are caught within a hundred


class Mutant(NamedTuple):
    """One edit: of a file in tracker/, the text that stands there and what is put in its place."""

    file: str
    old: str
    new: str


MUTANTS = (
    Mutant("policy/patterns.py", "return all(states & self.accepting", "return any(states & self.accepting"),
    Mutant("policy/patterns.py", "moving = self.any_char | ", "moving = "),
    Mutant("policy/patterns.py", "reached = set(frontier)", "reached = frontier = set(frontier) and {self.start}"),
    Mutant("policy/languages.py", "if places == ends and not positions & unwanted.accepting:", "if places == ends:"),
    Mutant("policy/languages.py", '{"arn": 5,', '{"arn": 0,'),
    Mutant("policy/languages.py", '_one(char) if mode != "fold" else', '_one(char) if mode else'),
    Mutant("policy/conditions.py", "absent=if_exists and not negated", "absent=False"),
    Mutant("policy/conditions.py", '(quantifier == "forallvalues") != negated', 'quantifier == "forallvalues"'),
    Mutant("policy/conditions.py", '_PRESENT, wanted == {"false"}', '_PRESENT, wanted == {"true"}'),
    Mutant("policy/conditions.py", "absent=if_exists and not negated), not negated", "absent=if_exists), True"),
    Mutant("policy/conditions.py", '"stringlike": ("glob", False)', '"stringlike": ("exact", False)'),
    Mutant("policy/ranges.py", '"lessthanequals": ((least, behind),)', '"lessthanequals": ((least, before),)'),
    Mutant("policy/ranges.py", "(_V6 if block.version == 6 else 0)", "0"),
    Mutant("policy/ranges.py", "(a, min(b, low)), (max(a, high), b)", "(a, min(b, low)),"),
    Mutant("policy/values.py", "predicate.absent == must for", "predicate.absent or must for"),
    Mutant("policy/values.py", "return best((single, None if several and ones else several))", "return single"),
    Mutant("policy/values.py", 'if predicate.kind == "present" and not must:', "if not predicate:"),
    Mutant("policy/values.py", "worst([one_value(every), *(one", "best([one_value(every), *(one"),
    Mutant("policy/regions.py", "for deny in other.denied", "for deny in other.denied[:0]"),
    Mutant("policy/regions.py", "_escapes(claims, one.denied, other.allowed)", "_escapes(claims, other.allowed)"),
    Mutant("policy/regions.py", "wanted = scope.resources is not None", "wanted = True"),
    Mutant("policy/regions.py", "principals(scope.principal)), not scope.not_principal", "principals(scope.principal)), True"),
    Mutant("policy/regions.py", 'return ("rescoped" if gained else "narrowed"), True', 'return "narrowed", True'),
    Mutant("policy/regions.py", "lost, gained = exceeds(before, after), exceeds(after, before)",
           "lost, gained = exceeds(before, after), False"),
    Mutant("policy/logic.py", "if not possible:\n                    return None", "if not possible:\n                    continue"),
    Mutant("policy/logic.py", "(state,) = possible.values()", "changed = False"),
    Mutant("policy/access.py", 'join(listed).lower()', 'join(listed)'),
    Mutant("policy/access.py", "rest.pop(action, None)", "pass"),
    Mutant("policy/access.py", '1 << (2 * self.place + (self.effect == "Deny"))', "1 << (2 * self.place)"),
    Mutant("policy/access.py", "tuple(sorted(condition)),", "(),"),
    Mutant("policy/principals.py", "if account and (name.isdigit()", "if not kind and (name.isdigit()"),
    Mutant("policy/principals.py", "if role:", "if not kind:"),
    Mutant("policy/remaining.py", "needs_key = if_exists and was_positive", "needs_key = False"),
    Mutant("policy/remaining.py", "if covers(deny.resources, resource):", "if not covers(deny.resources, resource):"),
    Mutant("policy/grants.py", "if overlap(one, wanted)]", "if one == wanted]"),
    Mutant("policy/document.py", "Place(scope, old_version and any", "Place(scope, any"),
    Mutant("changes/difference_denies.py", 'return "added" if alone else "widened"', 'return "narrowed"'),
    Mutant("changes/difference_denies.py", 'if edit.effect == "Deny"}\n    removed', 'if edit.effect == "Allow"}\n    removed'),
    Mutant("changes/difference_redundant.py", "_covers(other, edit, unit, ()) and ", ""),
    Mutant("changes/difference_effective.py", "        threshold_to_diff_deeper=0,\n", ""),
    Mutant("changes/difference_effective.py", "if service in now:", "if service in now and judge.allows(new):"),
    Mutant("changes/difference_textual.py", "equal = quiet and deny.equal and _equal(come, new, old)", "equal = quiet and deny.equal"),
    Mutant("changes/difference_textual.py", "and deny.equal and", "and"),
)  # fmt: skip


def survives(mutant: Mutant, pairs: int = PAIRS) -> bool:
    """True where the oracle finds nothing wrong with a mutant, which it should. Runs it in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="policy-tracker-mutant-") as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "tracker", home / "tracker", ignore=shutil.ignore_patterns("__pycache__"))
        (home / "tests").symlink_to(ROOT / "tests")
        path = home / "tracker" / mutant.file
        source = path.read_text()
        assert source.count(mutant.old) == 1, f"{mutant.file} has no single {mutant.old!r}"
        path.write_text(source.replace(mutant.old, mutant.new))
        command = [sys.executable, "-B", "-m", "tests.prove", "generated", "--pairs", str(pairs), "--stop"]
        done = subprocess.run(
            command,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": "."},
        )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0
