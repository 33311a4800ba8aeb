"""`python -m tests.torture [NAME ...] [--seed N]`: the campaigns whole, or those named. Exits 1 on a finding.

A campaign is a module of this package with `whole(seed) -> list[str]`, which prints what it counted and answers findings;
a module whose name begins with an underscore is none. `--only WORD` runs the parts that have the word in their name, of
a campaign whose `whole` takes `only`.
"""

import argparse
import importlib
import inspect
import pkgutil
import sys
import time

import tests.torture


def names() -> list[str]:
    """The campaigns there are, sorted."""
    return sorted(
        one.name for one in pkgutil.iter_modules(tests.torture.__path__) if not one.name.startswith("_")
    )


def main() -> int:
    """Run what is asked for; the number of findings decides."""
    ask = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    ask.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--only", default="", metavar="WORD", help="the parts that have it in their name")
    args = ask.parse_args()
    if unknown := sorted(set(args.names) - set(names())):
        ask.error(f"no such campaign: {', '.join(unknown)}")
    found = 0
    for name in args.names or names():
        began = time.monotonic()
        whole = importlib.import_module(f"tests.torture.{name}").whole
        if args.only and "only" not in inspect.signature(whole).parameters:
            ask.error(f"{name} has no parts to choose from")
        wrong = whole(args.seed, **({"only": args.only} if args.only else {}))
        print(f"{name}, seed {args.seed}: {len(wrong)} findings in {time.monotonic() - began:.0f} s")
        for one in wrong[:20]:
            print(f"    {one}")
        found += len(wrong)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
