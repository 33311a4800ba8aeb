"""The grants in the index: which policy said what from when until when, however the history came in."""

import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.dumping import GRANTS, dump
from tests.archive.making import READ_ONLY, SUPPORT, a_snapshot, an_archive, from_files, made, record, seen
from tests.support import history
from tracker.archive import folder
from tracker.archive.archive import Archive
from tracker.archive.grants import BUT, place_text, read_place
from tracker.archive.layout import policy_folder
from tracker.model.change import ConditionEntry, Scope
from tracker.model.history import Snapshot
from tracker.model.identity import VersionId
from tracker.policy.document import Place
from tracker.policy.intervals import Intervals
from tracker.policy.parse import canonical_text, digest, parse_document

ACTIONS = st.sampled_from(
    ["s3:GetObject", "S3:getobject", "s3:Get*", "ec2:*", "*", "iam:?et*", "kms:Decrypt"]
)
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Resource": st.sampled_from(["*", "arn:aws:s3:::a", ["arn:aws:s3:::b", "arn:aws:s3:::a"]]),
        },
        optional={
            "Sid": st.sampled_from(["One", "Two"]),
            "Condition": st.sampled_from([{"Bool": {"aws:MultiFactorAuthPresent": True}}, {"bool": {"AWS:multifactorauthpresent": "true"}}]),
        },
    ).flatmap(
        lambda one: st.tuples(st.sampled_from(["Action", "NotAction"]), st.lists(ACTIONS, min_size=1, max_size=4)).map(
            lambda named: {**one, named[0]: named[1]}
        )
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip


def a_version(number: int, statements: object) -> Snapshot:
    text = canonical_text({"Version": "2012-10-17", "Statement": statements}, what=f"v{number}")
    return Snapshot(SUPPORT, VersionId(number), made(number), text, digest(text), "iam")


def rows(archive: Archive) -> list[dict[str, object]]:
    names = (
        "policy",
        "effect",
        "scope",
        "kind",
        "service",
        "text",
        "spelling",
        "since",
        "until",
        "number",
        "sid",
    )
    with archive.database.reading() as db:
        return [dict(zip(names, row, strict=True)) for row in db.execute(GRANTS)]


@given(
    st.lists(STATEMENTS, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), max_size=8),
)
@settings(max_examples=30, deadline=None)
def test_line_by_line_in_any_order_gives_what_a_reindex_gives(
    documents: list[object], seen_at: list[tuple[int, int]]
) -> None:
    """Lines are added as an import adds them: older ones after newer ones, the same version again, two at one hour."""
    with tempfile.TemporaryDirectory() as folder:
        archive = an_archive(Path(folder))
        for number, hours in seen_at:
            version = number % len(documents) + 1
            record(archive, a_version(version, documents[version - 1]), seen(version, hours, run=f"r{hours}"))
        index = dump(archive.database)
        from_files(archive)
        assert dump(archive.database) == index
        by_hand(archive, documents)
        assert [one for one in archive.verify() if "grants" in one.wrong] == []


def by_hand(archive: Archive, documents: list[Any]) -> None:
    """At each observation the rows say exactly what the statements of that document say, first statement first."""
    lines = sorted(
        enumerate(folder.observations(policy_folder(archive.root, SUPPORT)), start=1),
        key=lambda one: one[1].observed_at,
    )
    order = {line: place for place, (line, _) in enumerate(lines)}
    found = rows(archive)
    for place, (_, observation) in enumerate(lines):
        assert observation.version is not None
        wanted = set()
        for statement in documents[observation.version.number - 1]:
            listed = {one.lower() for one in statement.get("Action", statement.get("NotAction"))}
            texts = {" ".join(sorted(listed))} if "NotAction" in statement else listed
            resources = statement["Resource"]
            told = sorted(resources) if isinstance(resources, list) else [resources]
            wanted |= {
                (statement["Effect"], "NotAction" in statement, text, tuple(told), "Condition" in statement)
                for text in texts
            }
        held = {
            (row["effect"], row["kind"] == BUT, row["text"], tuple(read_place(str(row["scope"])).scope.resources or ()),
             bool(read_place(str(row["scope"])).scope.condition))
            for row in found
            if order[int(str(row["since"]))] <= place and (row["until"] is None or place < order[int(str(row["until"]))])
        }  # fmt: skip
        assert held == wanted


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(("arn:aws:s3:::ä", "b")),
        Scope(None, ("arn:aws:s3:::x",)),
        Scope(principal=(("Service", ("a.amazonaws.com", "b.amazonaws.com")),)),
        Scope(principal=(("AWS", ("*",)),), not_principal=True),
        Scope(("a",), condition=(ConditionEntry("StringEquals", "aws:SourceAccount", ("1", "2")),)),
    ],
)
@pytest.mark.parametrize("literal", [False, True])
def test_a_scope_comes_back_as_it_went_in(scope: Scope, literal: bool) -> None:
    assert read_place(place_text(Place(scope, literal))) == Place(scope, literal)
    assert (place_text(Place(scope, literal)) == "{}") is (scope == Scope() and not literal)


def test_where_it_stands_is_told_by_the_last_document_that_says_it(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    one = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    before = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*:*:instance/*"}
    record(archive, a_version(1, [one]), seen(1, 1))
    record(archive, a_version(2, [before, {**one, "Sid": "Read"}]), seen(2, 2))
    record(archive, a_version(3, [before]), seen(3, 3))
    told = {
        str(row["text"]): (row["since"], row["until"], row["number"], row["sid"]) for row in rows(archive)
    }
    assert told == {"s3:getobject": (1, 3, 2, "Read"), "ec2:runinstances": (2, None, 1, "")}


def test_a_policy_that_is_no_longer_visible_loses_nothing(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    record(archive, a_snapshot(1), seen(1, 1))
    record(archive, None, seen(None, 2))
    assert [(row["since"], row["until"]) for row in rows(archive)] == [(1, None)]


def test_a_snapshot_that_can_not_be_read_says_nothing(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    record(archive, a_snapshot(1), seen(1, 1))
    record(archive, a_snapshot(2, "s3:PutObject"), seen(2, 2))
    (path,) = (tmp_path / "snapshots").rglob("*_v1.json")
    path.write_text("{")
    from_files(archive)
    assert [(row["text"], row["since"]) for row in rows(archive)] == [("s3:putobject", 2)]


def test_verify_names_the_policy_whose_grants_are_not_what_its_files_say(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    record(archive, a_snapshot(1), seen(1, 1))
    record(archive, a_snapshot(1, arn=READ_ONLY), seen(1, 1), READ_ONLY)
    connection = sqlite3.connect(archive.database.path)
    connection.execute(
        "UPDATE grants SET since = 7 WHERE holder = (SELECT id FROM holders WHERE policy = 'aws/ReadOnlyAccess')"
    )
    connection.commit()
    connection.close()
    (finding,) = archive.verify()
    assert finding.wrong == "grants of the index are not what the files of aws/ReadOnlyAccess say"
    from_files(archive)
    assert archive.verify() == ()


def test_the_real_history_in_sets_of_its_own() -> None:
    """Every policy of the bundle: at each default the open intervals are the document's actions, by json and sets alone."""
    if reason := history.missing():
        history.need(reason)
    for name in history.policies():
        made_, snapshots = Intervals(), history.snapshots(name)
        for line, observation in enumerate(history.observations(name), start=1):
            assert observation.identity is not None
            text = snapshots[observation.identity].document
            made_.feed(line, parse_document(text, what=name))
            stated = json.loads(text)["Statement"]
            actions = set()
            for statement in stated if isinstance(stated, list) else [stated]:
                if "Action" in statement:
                    listed = statement["Action"]
                    actions |= {one.lower() for one in (listed if isinstance(listed, list) else [listed])}
            held = {one.pattern for one in made_.open() if not one.pattern.startswith("\0")}
            assert held == {one if one != "*:*" else "*" for one in actions}, (name, line)
