"""Slices of the campaigns: the whole of them is `make prove`."""

import pytest

from tests.prove.campaign import generated, real
from tests.prove.fuzz import fuzzed
from tests.prove.judge import Findings
from tests.prove.mutants import MUTANTS, Mutant, survives
from tests.support import history

FIRST = 1_000_000  # seeds that the whole campaign does not use


@pytest.mark.parametrize("batch", range(4))
def test_generated_pairs_agree_with_the_oracle(batch: int) -> None:
    found = generated(FIRST + 400 * batch, 250)
    assert found.wrong == []
    # what cannot be proved is said to be so; it is a small part, and may only fall
    told = sum(found.verdicts[verdict] for verdict in ("added", "removed", "widened", "narrowed", "rescoped"))
    assert found.verdicts["review"] < told * 0.06
    assert found.verdicts["not proved equal"] <= 2


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (history.SUPPORT, 3),
        ("AWSCompromisedKeyQuarantineV2", 0),
        ("PowerUserAccess", 0),
        ("AWSIAMIdentityCenterAllowListForIdentityContext", 0),
        ("AmazonRDSCustomServiceRolePolicy", 0),
    ],
)
def test_real_pairs_agree_with_the_oracle(name: str, number: int) -> None:
    assert real(name, number)[0] == []


# One mutant of each part; the whole list is run by `make prove`.
@pytest.mark.parametrize("mutant", MUTANTS[3::9], ids=lambda one: f"{one.file}-{one.old[:24]}")
def test_a_broken_comparison_is_caught(mutant: Mutant) -> None:
    assert not survives(mutant)


def test_every_mutant_still_fits_the_source() -> None:
    from tests.prove.mutants import ROOT

    for mutant in MUTANTS:
        source = (ROOT / "tracker" / mutant.file).read_text()
        assert source.count(mutant.old) == 1, mutant


def test_the_oracle_sees_a_difference_that_nobody_told() -> None:
    from tests.prove.generate import pair
    from tests.prove.judge import judge
    from tracker.model.change import Difference

    findings = Findings()
    for seed in range(FIRST, FIRST + 40):
        judge(*pair(seed), Difference(), findings)
    assert findings.wrong


@pytest.mark.parametrize("batch", range(2))
def test_mutated_documents_are_read_or_refused(batch: int) -> None:
    wrong, outcomes = fuzzed(FIRST + 1000 * batch, 1000)
    assert wrong == []
    assert outcomes["read"] > 50
    assert outcomes["refused"] > 500
