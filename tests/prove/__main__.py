"""`python -m tests.prove [generated|real|mutants|fuzz]`: the whole campaign, or one part of it. Exits 1 on a finding."""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.prove.campaign import BATCH, generated, real, real_pairs
from tests.prove.fuzz import fuzzed
from tests.prove.mutants import MUTANTS, survives


def main() -> int:
    """Run what is asked for; the number of findings decides."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument(
        "part", nargs="?", choices=("all", "generated", "real", "mutants", "fuzz"), default="all"
    )
    ask.add_argument("--pairs", type=int, default=100_000, help="generated pairs, and mutated documents")
    ask.add_argument("--first", type=int, default=0, help="the first seed")
    ask.add_argument("--stop", action="store_true", help="stop at the first finding, in one process")
    ask.add_argument("--jobs", type=int, default=os.cpu_count())
    args = ask.parse_args()
    if args.stop:
        found = generated(args.first, args.pairs, stop=True)
        print("\n".join(found.wrong[:3]))
        return bool(found.wrong)
    parts = ("generated", "real", "mutants", "fuzz") if args.part == "all" else (args.part,)
    with ProcessPoolExecutor(args.jobs) as pool:
        return max(PARTS[part](args, pool) for part in parts)


def told(name: str, wrong: list[str], counts: Counter[str], began: float) -> int:
    """Print what a part found; 1 where that is anything."""
    print(f"{name}: {len(wrong)} findings in {time.monotonic() - began:.0f} s")
    for what, count in sorted(counts.items()):
        print(f"    {count:>9,} {what}")
    for one in wrong[:20]:
        print(f"    {one}")
    return bool(wrong)


def run_generated(args: argparse.Namespace, pool: ProcessPoolExecutor) -> int:
    """Generated pairs against the oracle."""
    began, wrong, counts = time.monotonic(), [], Counter[str]()
    starts = range(args.first, args.first + args.pairs, BATCH)
    for found in pool.map(generated, starts, [BATCH] * len(starts)):
        wrong += found.wrong
        counts += found.verdicts
    return told(f"{len(starts) * BATCH:,} generated pairs", wrong, counts, began)


def run_real(args: argparse.Namespace, pool: ProcessPoolExecutor) -> int:
    """Every two versions in a row of the real history."""
    began, wrong, counts = time.monotonic(), [], Counter[str]()
    pairs = list(real_pairs())
    for findings, reviewed in pool.map(real, *zip(*pairs, strict=True)):
        wrong += findings
        counts += reviewed
    return told(f"{len(pairs)} real pairs", wrong, counts, began)


def run_mutants(args: argparse.Namespace, pool: ProcessPoolExecutor) -> int:
    """Every mutant must be caught."""
    began = time.monotonic()
    wrong = [
        f"survives: {mutant}"
        for mutant, alive in zip(MUTANTS, pool.map(survives, MUTANTS), strict=True)
        if alive
    ]
    return told(f"{len(MUTANTS)} mutants", wrong, Counter(), began)


def run_fuzz(args: argparse.Namespace, pool: ProcessPoolExecutor) -> int:
    """Mutated documents are read or refused, never anything else."""
    began, wrong, counts = time.monotonic(), [], Counter[str]()
    starts = range(args.first, args.first + args.pairs, BATCH)
    for findings, outcomes in pool.map(fuzzed, starts, [BATCH] * len(starts)):
        wrong += findings
        counts += outcomes
    return told(f"{len(starts) * BATCH:,} mutated documents", wrong, counts, began)


PARTS = {"generated": run_generated, "real": run_real, "mutants": run_mutants, "fuzz": run_fuzz}

if __name__ == "__main__":
    sys.exit(main())
