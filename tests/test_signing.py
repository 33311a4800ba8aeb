"""Signing for changes: what is meant by a change, what is left, and where it is said."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.archive.dumping import dump
from tests.support.world import READ_ONLY, START, SUPPORT, World, allowing, make_world
from tracker import service
from tracker.archive.signoffs import Signoffs
from tracker.delivery.wish import read_wish
from tracker.errors import InputError, UnknownPolicyError
from tracker.signing import change_named, pending, sign

V1 = allowing("s3:ListBucket", "ec2:DescribeInstances")
V2 = allowing("s3:ListBucket", "s3:GetObject", "secretsmanager:GetSecretValue", "ec2:DescribeInstances")
V3 = allowing("s3:ListBucket", "s3:GetObject", "secretsmanager:GetSecretValue", "ec2:DescribeVpcs")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A policy that changed twice since it is watched, and another that only was there."""
    world = make_world(tmp_path)
    for arn in (SUPPORT, READ_ONLY):
        world.aws.publish(arn, "v1", START - timedelta(days=9), V1)
    service.check(world.tracker, (SUPPORT, READ_ONLY))
    for version, document in (("v2", V2), ("v3", V3)):
        world.aws.publish(SUPPORT, version, world.clock.forward(days=1), document)
        service.check(world.tracker, (SUPPORT, READ_ONLY))
    return world


def left(world: World) -> list[tuple[str, int]]:
    return [(str(one.row.to_version), one.left) for one in pending(world.tracker, (SUPPORT, READ_ONLY))]


def test_what_is_signed_for_is_left_no_longer(world: World) -> None:
    assert [version for version, _ in left(world)] == ["v2", "v3"]
    signed, new = sign(world.tracker, "v3", " Jane <jane@example.org> ", "SEC-1", "read in full")
    assert new
    assert (signed.by, signed.ticket, signed.items) == ("Jane <jane@example.org>", "SEC-1", ())
    assert signed.sha256 == world.tracker.archive.snapshots(SUPPORT)[-1].sha256
    assert [version for version, _ in left(world)] == ["v2"]
    assert sign(world.tracker, "v3", "Jane <jane@example.org>", "SEC-1", "read in full") == (signed, False)
    assert sign(world.tracker, "v3", "Bob", "SEC-1")[1]  # a second pair of eyes is a line of its own
    assert [one.by for one in Signoffs(world.tracker.home, world.tracker.database).all()] == [
        "Jane <jane@example.org>", "Bob",
    ]  # fmt: skip


def test_item_by_item(world: World) -> None:
    total = dict(left(world))["v2"]
    assert total > 1
    signed, _ = sign(world.tracker, "v2", "Jane", items=["S3:getobject"])
    assert 0 < len(signed.items) < total == signed.out_of
    assert dict(left(world))["v2"] == total - len(signed.items)
    with pytest.raises(InputError, match="is called 's3:PutObject'") as refused:
        sign(world.tracker, "v2", "Jane", items=["s3:PutObject"])
    rules = refused.value.advice.removeprefix("its items: ").split(", ")
    assert len(rules) == total
    for rule in rules:
        sign(world.tracker, "v2", "Jane", items=[rule])
    assert "v2" not in dict(left(world))


def test_which_change_is_meant(world: World) -> None:
    first, second = world.tracker.archive.changes(SUPPORT)
    for text in (first.id, first.id[:6], "v2", "V2", "v1-v2", "v1..v2", "v1 to v2", f"{SUPPORT.name}@v2", f"{SUPPORT}@v1-v2"):  # fmt: skip
        assert change_named(world.tracker, text) == first, text
    for text, wrong in {"v9": "has no change to v9", "0000": "no change on record", "v2-v1": "has no change to v2-v1"}.items():  # fmt: skip
        with pytest.raises(UnknownPolicyError, match=wrong) as refused:
            change_named(world.tracker, text)
        assert text == "0000" or second.id in refused.value.advice
    with pytest.raises(InputError, match="no change is meant by 'yesterday'"):
        change_named(world.tracker, "yesterday")


def test_several_changes_to_one_version_are_told_apart(world: World) -> None:
    world.clock.forward(days=1)
    world.aws.set_default(SUPPORT, "v2")
    service.check(world.tracker, (SUPPORT,))
    with pytest.raises(UnknownPolicyError, match="v2 is several changes") as refused:
        change_named(world.tracker, "v2")
    ids = [row.id for row in world.tracker.archive.changes(SUPPORT) if str(row.to_version) == "v2"]
    assert len(ids) == 2
    assert all(one in refused.value.advice for one in ids)
    assert change_named(world.tracker, "v3-v2").id == ids[1]


@pytest.mark.parametrize(
    ("by", "note"), [("", ""), ("  ", ""), ("Jane\nBob", ""), ("Jane", "\x1b[31m"), ("Jane", "x" * 2001)]
)
def test_nobody_and_control_characters_sign_for_nothing(world: World, by: str, note: str) -> None:
    with pytest.raises(InputError):
        sign(world.tracker, "v3", by, note=note)
    assert Signoffs(world.tracker.home, world.tracker.database).all() == ()


def test_the_index_is_made_again_and_an_edited_line_is_seen(world: World) -> None:
    archive = world.tracker.archive
    sign(world.tracker, "v2", "Jane", items=["s3:GetObject"])
    sign(world.tracker, "v3", "Jane")
    assert archive.verify() == ()
    before = dump(world.tracker.database)
    assert '"signer": "Jane"' in before
    rebuilt = service.reindex(world.tracker)
    assert (rebuilt.signoffs, dump(world.tracker.database)) == (2, before)
    path = world.tracker.home / "signoffs.jsonl"
    path.write_text(path.read_text().replace("Jane", "Mary", 1))
    assert [one.path for one in archive.verify()] == ["signoffs.jsonl:2", "tracker.db"]
    path.write_text("{}\n")
    with pytest.raises(InputError, match="is no sign-off"):
        Signoffs(world.tracker.home, world.tracker.database).all()
    assert archive.verify()[0].path == "signoffs.jsonl:1"


def test_since_when_it_is_asked(world: World) -> None:
    every = pending(world.tracker, (SUPPORT,), every=True)
    assert len(every) == 2
    later = pending(world.tracker, (SUPPORT,), since=world.clock())
    assert [str(one.row.to_version) for one in later] == ["v3"]


def test_the_monthly_mail_names_what_nobody_signed_for(world: World) -> None:
    address = "team@example.org"
    world.tracker.subscribers.put(address, read_wish({"frequency": "monthly"}), START, "token")
    sign(world.tracker, "v2", "Jane")
    world.clock.moment = START.replace(year=2022, month=1, day=1) + timedelta(hours=1)
    service.run_due(world.tracker, (SUPPORT, READ_ONLY))
    with world.tracker.database.read() as db:
        texts = [row[0] for row in db.execute("SELECT text FROM messages")]
    told = [" ".join(text.split()) for text in texts]
    assert any("Not signed off yet: AWSSupportServiceRolePolicy v2 to v3." in text for text in told), told
    assert not any("v1 to v2." in text for text in told)


def test_a_line_is_what_docs_say(world: World) -> None:
    sign(world.tracker, "v3", "Jane", "SEC-1")
    (line,) = (world.tracker.home / "signoffs.jsonl").read_text().splitlines()
    assert list(json.loads(line)) == [
        "signed_at", "change", "arn", "from", "to", "sha256", "by", "ticket", "note", "items", "out_of", "previous",
    ]  # fmt: skip


def test_a_damaged_line_holds_up_no_mail(world: World) -> None:
    world.tracker.subscribers.put("team@example.org", read_wish({"frequency": "monthly"}), START, "token")
    (world.tracker.home / "signoffs.jsonl").write_text("[]\n")
    world.clock.moment = START.replace(year=2022, month=1, day=1) + timedelta(hours=1)
    service.run_due(world.tracker, (SUPPORT, READ_ONLY))
    assert len(world.mailbox.mails()) == 1


def test_sign_offs_that_a_pull_brought_are_indexed_by_the_next_round(world: World) -> None:
    sign(world.tracker, "v2", "Jane")
    path = world.tracker.home / "signoffs.jsonl"
    raw = path.read_bytes()
    sign(world.tracker, "v3", "Jane")
    both = path.read_bytes()
    path.write_bytes(raw)
    service.check(world.tracker, (SUPPORT,))
    assert world.tracker.archive.verify() == ()
    path.write_bytes(both)
    assert [one.path for one in world.tracker.archive.verify()] == ["tracker.db"] * 2
    service.check(world.tracker, (SUPPORT,))
    assert world.tracker.archive.verify() == ()
