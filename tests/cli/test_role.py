"""`policy-tracker role`: a role as the archive and the last look tell it, in words and as data."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.support.fake_iam import FakeIam
from tests.support.roles import NAME, POLICY, trusting
from tracker.archive import folder

TRUST = trusting({"Service": "support.amazonaws.com"})
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}],
}


@pytest.fixture(autouse=True)
def _newest(iam: FakeIam, home: Path) -> None:
    """An AWS whose AWSSupportServiceRolePolicy is at the newest version that ships."""
    place = home / "snapshots" / "aws" / "AWSSupportServiceRolePolicy"
    newest = folder.load(place, folder.identities(place)[-1])
    iam.put(POLICY, str(newest.version), json.loads(newest.document), newest.create_date)


def test_a_role_in_words_and_as_data(iam: FakeIam, cli: Command) -> None:
    assert "never looked at" in cli("role", NAME).out
    iam.put_role(NAME, TRUST, attached=[POLICY], last_used="2026-11-20T10:00:00Z")
    cli("check")
    said = cli("role", NAME).out
    assert "last used        2026-11-20 10:00 UTC in us-east-1" in said
    assert re.search(r"Allow +Service support\.amazonaws\.com +none", said)
    assert re.search(r"AWSSupportServiceRolePolicy +v59 +2026-08-19", said)
    assert "4,533 actions in 268 services" in said
    (item,) = json.loads(cli("role", NAME, "--json").out)["items"]
    assert (item["role"], item["state"], item["inline"]) == (NAME, "there", [])
    assert sum(one["actions"] for one in item["services"]) == 4533
    assert item["trust"][0]["principal"] == {"Service": ["support.amazonaws.com"]}


def test_what_changed_is_told_by_check_role_and_attention(iam: FakeIam, cli: Command) -> None:
    iam.put_role(NAME, TRUST, attached=[POLICY])
    cli("check")
    iam.put_role(NAME, TRUST, attached=[POLICY], inline={"own": ALLOW})
    done = cli("check")
    assert f"{NAME} v1 to v2: The role {NAME} has the inline policy own." in done.out
    assert "alarm: do what its inline policy own says (kms:Decrypt)" in done.out
    assert "looked at 1 policy and 1 role," in done.out
    said = cli("role", NAME).out
    assert "Inline policies: own" in said
    assert re.search(r"updated +alarm +The role", said)
    assert "do what its inline policy own says" in cli("attention", NAME).out
    assert f"role~{NAME}" in cli("pending").out
    assert cli("ack", f"role~{NAME}@v2", "--by", "jane").code == 0
    assert "role~" not in cli("pending").out
    iam.remove_role(NAME)
    assert cli("check").code == 0
    assert "gone             since" in cli("role", NAME).out


def test_one_that_is_not_there_or_may_not_be_read(iam: FakeIam, cli: Command) -> None:
    cli("check")
    assert "not there" in cli("role", NAME).out
    iam.deny("iam:GetRole")
    first, second = cli("check"), cli("check")
    assert (first.code, second.code) == (0, 0)
    assert first.err.count("iam:GetRole is not allowed") == 2  # of two roles
    assert second.err == ""
    assert "iam:GetRole was not allowed at" in cli("role", NAME).out
    assert f"{NAME} is not watched: iam:GetRole is not allowed" in cli("doctor").out


def test_an_attached_policy_that_may_not_be_read_is_said_once_and_the_rest_goes_on(
    iam: FakeIam, cli: Command
) -> None:
    own = "arn:aws:iam::123456789012:policy/Own"
    iam.put(own, "v1", ALLOW, "2024-01-01T00:00:00Z")
    iam.put_role(NAME, TRUST, attached=[POLICY, own])
    iam.narrow_to(POLICY)
    first, dry, second = cli("check"), cli("check", "--dry-run"), cli("check")
    assert (first.code, dry.code, second.code) == (0, 0, 0)
    assert (
        f"{own}, which is attached to a watched role, is not watched: iam:GetPolicy is not allowed"
        in first.err
    )
    assert (dry.err, second.err) == ("", "")
    assert re.search(r"Own +not archived +iam:GetPolicy is not allowed", cli("role", NAME).out)
    iam.calm()
    assert "Own looked at for the first time" in cli("check").out
    assert re.search(r"Own +v1 +2024-01-01 +yes", cli("role", NAME).out)


def test_a_role_that_nobody_watches_is_an_error_that_names_those_watched(iam: FakeIam, cli: Command) -> None:
    done = cli("role", "Nope")
    assert done.code == 2
    assert "AWSServiceRoleForTrustedAdvisor" in done.err
    assert cli("--set", "roles=[]", "role").out == "no role is watched (setting `roles`)\n"
    iam.forget_calls()
    cli("check", NAME)
    assert set(iam.actions) == {"GetRole"}
