"""Runs every benchmark and prints one Markdown table: `make bench`, or `python -m benchmarks [NAME ...]`."""

import importlib
import os
import pkgutil
import platform
import sys
from collections.abc import Sequence

import benchmarks
from benchmarks import Figure


def names() -> list[str]:
    """The benchmarks there are, sorted."""
    return sorted(
        each.name for each in pkgutil.iter_modules(benchmarks.__path__) if not each.name.startswith("_")
    )


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = ["| what | measured | beside | promised | result |", "| --- | ---: | --- | ---: | ---: |"]
    for figure in figures:
        beside = f"{figure.baseline}: {figure.theirs:,.3g} {figure.unit}" if figure.baseline else ""
        sign = {"ratio": "×", "extra": f" {figure.unit} more", "absolute": f" {figure.unit}"}[figure.promise]
        verdict = "" if figure.holds else " **missed**"
        rows.append(
            f"| {figure.what} | {figure.ours:,.3g} {figure.unit} | {beside} | at most {figure.limit:.3g}{sign} "
            f"| {figure.measured:,.2f}{sign}{verdict} |"
        )
    return "\n".join(rows)


def main(wanted: Sequence[str]) -> int:
    """Run the benchmarks named, or all. Exit code 1 where a promise is missed, 2 for a name that is no benchmark."""
    known = names()
    if unknown := sorted(set(wanted) - set(known)):
        print(f"no such benchmark: {', '.join(unknown)} (there are: {', '.join(known)})", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in wanted or known:
        print(f"{name} ...", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"benchmarks.{name}").figures()
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores\n"
    )
    print(table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
