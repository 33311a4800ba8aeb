"""`python -m tests.fuzz [NAME ...] [--inputs N]`: so many wrong inputs for each parser, or for those named. Exits 1 on a finding.

Each input is made of a seed's number alone, so a finding comes again with `--first N --inputs 1`.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from tests.fuzz.target import Outcome, judged
from tests.fuzz.targets import names, target

BATCH = 500
_FEW = {
    "bundles": 20,
    "git": 20,
    "trackers": 20,
}  # dear ones, of which so many times fewer are run; a repository has 20 files


def batch(name: str, first: int, count: int) -> Outcome:
    """What became of a batch, in whichever process."""
    return judged(target(name), first, count)


def main() -> int:
    """Run what is asked for; the number of findings decides."""
    ask = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    ask.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    ask.add_argument("--inputs", type=int, default=100_000, help="for each parser [100000]")
    ask.add_argument("--first", type=int, default=0, help="the first seed")
    ask.add_argument("--jobs", type=int, default=os.cpu_count())
    args = ask.parse_args()
    if unknown := sorted(set(args.names) - set(names())):
        ask.error(f"no such parser: {', '.join(unknown)}")
    found = 0
    for name in args.names or names():
        began = time.monotonic()
        inputs = max(1, args.inputs // _FEW.get(name, 1))
        starts = range(args.first, args.first + inputs, BATCH)
        sizes = [min(BATCH, args.first + inputs - start) for start in starts]
        out = Outcome()
        with ProcessPoolExecutor(args.jobs) as pool:  # anew for each, so that its memory is that parser's
            for one in pool.map(batch, repeat(name), starts, sizes):
                out.add(one)
        ended = ", ".join(f"{count:,} {what}" for what, count in sorted(out.counts.items()))
        print(
            f"{name}: {inputs:,} inputs, {len(out.wrong)} findings in {time.monotonic() - began:.0f} s "
            f"({ended}; slowest {out.slowest_s:.2f} s, at most {out.peak_mb} MB)",
            flush=True,
        )
        for wrong in out.wrong[:20]:
            print(f"    {wrong}")
        found += len(out.wrong)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
