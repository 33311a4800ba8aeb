"""The campaigns: so many generated pairs, the real history, the mutants, so many mutated documents."""

from collections import Counter
from collections.abc import Iterator

from tests.prove.generate import pair
from tests.prove.judge import CATALOGUE, Findings, judge
from tests.prove.real import judge_real
from tests.support import history
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.changes.compare import compare
from tracker.policy.parse import parse_document

BATCH = 500


def generated(first: int, count: int, *, stop: bool = False) -> Findings:
    """Judge the pairs of `count` seeds; `stop` at the first disagreement."""
    findings = Findings()
    for seed in range(first, first + count):
        before, after = pair(seed)
        known = len(findings.wrong)
        found = compare(
            parse_document(before, what=f"seed {seed}, before"),
            parse_document(after, what=f"seed {seed}, after"),
            CATALOGUE,
        )
        judge(before, after, found, findings)
        findings.wrong[known:] = [f"seed {seed}: {one}" for one in findings.wrong[known:]]
        if stop and findings.wrong:
            break
    return findings


def real_pairs() -> Iterator[tuple[str, int]]:
    """(policy, which pair of its versions in a row) of the whole bundle."""
    for name in history.policies():
        for number in range(len(history.adjacent(name))):
            yield name, number


def real(name: str, number: int) -> tuple[list[str], Counter[str]]:
    """Judge one pair of real versions in a row."""
    old, new = history.adjacent(name)[number]
    catalogue = IamdataCatalogue()
    found = compare(
        parse_document(old.document, what=f"{name} {old.version}"),
        parse_document(new.document, what=f"{name} {new.version}"),
        catalogue,
    )
    wrong, review = judge_real(old.document, new.document, found, catalogue)
    return [f"{name} {old.version} to {new.version}: {one}" for one in wrong], Counter(review=review)
