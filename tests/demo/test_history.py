"""The facts of v20 are true: against a git archive that saw it, and against the shipped v19 that it changed."""

import json
from dataclasses import replace

import pytest

from tests.support import history
from tracker.demo.history import POLICY, held_by_aws, published, rebuilt, withdrawn
from tracker.model.identity import VersionId

V19, V20 = VersionId(19), VersionId(20)


def actions(document: str) -> set[str]:
    listed = [statement["Action"] for statement in json.loads(document)["Statement"]]
    return {action.lower() for each in listed for action in ([each] if isinstance(each, str) else each)}


def test_it_is_v19_with_41_more_and_14_less() -> None:
    facts, versions = withdrawn(), published()
    before, after = actions(versions[V19].document), actions(versions[V20].document)
    assert (len(facts.added), len(facts.removed)) == (41, 14)
    assert after - before == {action.lower() for action in facts.added}
    assert before - after == {action.lower() for action in facts.removed}
    assert "s3:getobject" in after - before


def test_an_archive_that_saw_v20_has_the_same_access() -> None:
    theirs = json.loads(history.document(POLICY.name, "v20"))["Statement"]
    ours = json.loads(published()[V20].document)["Statement"]
    assert len(theirs) == len(ours) == 3
    for their, our in zip(theirs, ours, strict=True):
        assert {name.lower() for name in their["Action"]} == {name.lower() for name in our["Action"]}
        assert {key: their[key] for key in their if key != "Action"} == {
            key: our[key] for key in our if key != "Action"
        }


def test_an_archive_that_saw_v20_saw_it_come_and_go_when_the_facts_say() -> None:
    facts = withdrawn()
    seen = [(each.version, each.observed_at) for each in history.observations(POLICY.name)]
    at = seen.index((facts.version, facts.seen))
    assert seen[at + 1] == (facts.base, facts.gone)
    assert (facts.version, facts.create_date) in history.snapshots(POLICY.name)


def test_facts_that_do_not_fit_are_refused() -> None:
    facts = withdrawn()
    with pytest.raises(ValueError, match="does not fit"):
        rebuilt(published()[V19], replace(facts, removed=("s3:never",)))
    with pytest.raises(ValueError, match="does not fit"):
        rebuilt(published()[V20], facts)


def test_everything_shipped_can_be_published() -> None:
    versions = published()
    assert list(versions) == sorted(versions)
    assert {V19, V20, VersionId(21), VersionId(39), VersionId(57), VersionId(59)} <= set(versions)


def test_aws_holds_the_last_five_ids() -> None:
    held = held_by_aws(published().values(), VersionId(39))
    assert [str(each.version) for each in held] == ["v36", "v38", "v39"]
