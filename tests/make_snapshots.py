"""Makes snapshots/ anew from released moto wheels, with the tracker's own archive: `make snapshots`.

The same wheels give the same bytes: no clock is read, and the run that made every line is called 'shipped'.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.support.moto_wheels import RELEASES, WheelUnavailableError, wheels
from tracker.archive.archive import Archive
from tracker.model.history import Observation, Snapshot
from tracker.model.identity import PolicyArn
from tracker.sources.moto_wheel import read_wheel
from tracker.store.database import Database

ROOT = Path(__file__).resolve().parent.parent
RUN = "shipped"
POLICIES = (
    "AWSSupportServiceRolePolicy",
    "AWSTrustedAdvisorServiceRolePolicy",
    "ReadOnlyAccess",
    "SecurityAudit",
    "ViewOnlyAccess",
)


def make(wheel_files: Iterable[Path], home: Path) -> dict[PolicyArn, list[Snapshot]]:
    """Write the snapshots and timelines of POLICIES under `home/snapshots`; answers each policy's, oldest first."""
    archive = Archive(home, Database(home / "tracker.db"))
    kept: dict[PolicyArn, list[Snapshot]] = {}
    for wheel in wheel_files:
        for snapshot in read_wheel(wheel, POLICIES):
            outcome = archive.keep(snapshot)
            if outcome == "conflict":
                raise ValueError(f"{snapshot.source} has another {snapshot.arn.name} {snapshot.version}")
            if outcome == "new":
                kept.setdefault(snapshot.arn, []).append(snapshot)
    for arn, snapshots in sorted(kept.items()):
        snapshots.sort(key=lambda snapshot: (snapshot.create_date, snapshot.version))
        for snapshot in snapshots:
            archive.observe(arn, _by_its_date(snapshot))
    return kept


def _by_its_date(snapshot: Snapshot) -> Observation:
    """Nobody watched: all that is known is the date that AWS gave the version."""
    return Observation(
        snapshot.create_date, snapshot.version, snapshot.create_date, snapshot.source, RUN, "create_date"
    )


def readme(kept: dict[PolicyArn, list[Snapshot]]) -> str:
    """What snapshots/README.md says: how sparse this is, which versions there are, and where they come from."""
    support = next(snapshots for arn, snapshots in kept.items() if arn.name == "AWSSupportServiceRolePolicy")
    total = sum(len(snapshots) for snapshots in kept.values())
    rows = "\n".join(
        f"| {arn.name} | {len(snapshots)} | {snapshots[0].create_date:%Y-%m-%d} to {snapshots[-1].create_date:%Y-%m-%d} "
        f"| {', '.join(str(snapshot.version) for snapshot in snapshots)} |"
        for arn, snapshots in sorted(kept.items())
    )
    return f"""# The history that ships with policy-tracker

Real documents of {len(kept)} AWS managed policies, {total} snapshots, so that the first `policy-tracker log`, `diff` and `search`
have something to show.

**It is sparse.** AWS has made at least {support[-1].version.number} versions of AWSSupportServiceRolePolicy; {len(support)} of them are here. What happened
between two of them is not known from this folder: a changelog names the versions that it lacks. Nobody watched at the time,
either, so the timelines say "by its date" (`"basis": "create_date"`) and never "looked". `policy-tracker import PATH`
loads a full history where you have one, for instance a git archive of managed policies.

| policy | versions | created | which |
| --- | --- | --- | --- |
{rows}

## Where it comes from

The documents are AWS's own: facts that it publishes to every account through IAM. They were taken from the policy data inside
{len(RELEASES)} released wheels of [moto](https://github.com/getmoto/moto), which carry the default version of every policy at the
time of the release: {", ".join(RELEASES)}. Each snapshot's `source` names the release and the file in it; a `sources.jsonl` names further
releases that carry the same version. Moto is published under the Apache License 2.0.

`make snapshots` makes this folder again, this page included, through the tracker's own archive, byte for byte. The folder is
read-only to the tracker itself: `policy-tracker init` copies it into your own, unless told `--empty`.
"""


def replace(made: Path, target: Path) -> None:
    """Put the tree under `made` in the place of `target`, so that what wheels no longer carry goes as well."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(made, target)


def main() -> int:
    """Make the folder; says what it did. Exit code 75 where a wheel can't be had."""
    try:
        files = wheels()
    except WheelUnavailableError as error:
        print(f"a wheel can't be had: {error}", file=sys.stderr)
        return 75
    with tempfile.TemporaryDirectory() as home:
        kept = make(files, Path(home))
        made = Path(home) / "snapshots"
        (made / "README.md").write_text(readme(kept), encoding="utf-8")
        replace(made, ROOT / "snapshots")
    for arn, snapshots in sorted(kept.items()):
        print(f"{arn.name}: {', '.join(str(snapshot.version) for snapshot in snapshots)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
