"""The table of the benchmarks says what was promised, and a missed promise is not hidden."""

import subprocess
import sys

from benchmarks import Figure
from benchmarks.__main__ import main, names, table

KEPT = Figure("a `check`", 1.5, "s", 1.6, "a bare script", 1.0)
MISSED = Figure("`--version`", 0.4, "s", 0.15, "`python -c pass`", 0.1, "extra")
ALONE = Figure("HTML of a change", 31.25, "ms", 50, promise="absolute")


def test_a_promise_is_measured_as_it_was_made() -> None:
    assert [round(figure.measured, 2) for figure in (KEPT, MISSED, ALONE)] == [1.5, 0.3, 31.25]
    assert [figure.holds for figure in (KEPT, MISSED, ALONE)] == [True, False, True]


def test_the_table_names_baseline_promise_and_result() -> None:
    assert table([KEPT, MISSED, ALONE]).splitlines()[2:] == [
        "| a `check` | 1.5 s | a bare script: 1 s | at most 1.6× | 1.50× |",
        "| `--version` | 0.4 s | `python -c pass`: 0.1 s | at most 0.15 s more | 0.30 s more **missed** |",
        "| HTML of a change | 31.2 ms |  | at most 50 ms | 31.25 ms |",
    ]


def test_a_name_that_is_no_benchmark_is_usage() -> None:
    assert "startup" in names()
    assert main(["nonsense"]) == 2


def test_every_benchmark_can_be_imported_and_has_figures() -> None:
    code = (
        "import importlib; from benchmarks.__main__ import names\n"
        "for name in names(): assert callable(importlib.import_module('benchmarks.' + name).figures), name"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
