"""Subscriptions with filters, in bulk, as code, and foretold; what an operator does to the outbox."""

import json
from pathlib import Path
from typing import get_args

import pytest

from tests.cli.conftest import Command, settings
from tracker.cli import wishes
from tracker.delivery import filters, wish
from tracker.delivery.channels import CHANNELS


@pytest.fixture(autouse=True)
def sender(home: Path) -> None:
    """Settings that let anybody be subscribed; there is no server."""
    settings(home, '[mail]\nsender = "pt@example.com"\noperator = "op@example.com"')


def listed(cli: Command) -> list[dict[str, object]]:
    items: list[dict[str, object]] = json.loads(cli("subscribers", "list", "--json").out)["items"]
    return items


def test_the_flags_offer_what_delivery_knows() -> None:
    assert wishes.FREQUENCIES == wish.FREQUENCIES == get_args(wish.Frequency)
    assert wishes.FORMS == wish.FORMS
    assert wishes.LEVELS == filters.LEVELS
    assert wishes.WATCH_KINDS == filters.WATCH_KINDS
    assert wishes.KINDS == filters.KINDS
    assert set(wishes.CHANNELS) == set(CHANNELS)


def test_a_subscription_with_everything(cli: Command) -> None:
    flags = (
        "--policy", "AWSSupport*", "--service", "S3", "--service", "ec2", "--level", "write", "--watch", "escalation",
        "--tripwires", "--additions", "--kind", "updated", "--least", "3", "--frequency", "weekly", "--hour", "7",
        "--heartbeat", "--form", "summary", "--name", "platform",
    )  # fmt: skip
    done = cli("subscribers", "add", "team@example.com", *flags)
    assert done.code == 0
    (row,) = listed(cli)
    assert (row["services"], row["level"], row["hour"], row["form"]) == (["ec2", "s3"], "Write", 7, "summary")
    assert "at least 3 actions; weekly at 07:00 UTC" in cli("subscribers", "list").out
    assert cli("subscribers", "add", "team@example.com").code == 0  # another one, without a name
    ambiguous = cli("subscribers", "pause", "team@example.com")
    assert ambiguous.code == 2
    assert "name one by its number" in ambiguous.err
    assert cli("subscribers", "pause", str(row["id"])).out == "team@example.com (platform) is paused\n"
    assert [one["state"] for one in listed(cli)] == ["active", "paused"]
    assert "paused" in cli("subscribers", "show", "team@example.com").out
    assert cli("subscribers", "resume", str(row["id"])).code == 0
    assert cli("subscribers", "resume", str(row["id"])).code == 2
    assert cli("subscribers", "show", "nobody@example.com").code == 2
    erased = cli("subscribers", "remove", "team@example.com", "--erase")
    assert erased.code == 0
    assert listed(cli) == []


def test_an_hour_of_an_instant_mail_is_2(cli: Command) -> None:
    done = cli("subscribers", "add", "team@example.com", "--hour", "7")
    assert done.code == 2
    assert "an hour is for digests" in done.err


def test_a_csv_names_every_bad_line_and_then_writes_nothing(cli: Command, tmp_path: Path) -> None:
    file = tmp_path / "teams.csv"
    file.write_text(
        "address,policies,frequency,services\n"
        "a@example.com,,weekly,s3 ec2\nno-address,,,\nb@example.com,,hourly,\nc@example.com,,\n"
        "A@example.com,,,\nd@example.com,../x,,\n"
    )
    done = cli("subscribers", "import", file)
    assert done.code == 2
    assert [line.partition(":")[0] for line in done.err.replace("policy-tracker: ", "").splitlines()[:-1]] == [
        "teams.csv, line 5", "teams.csv, line 3", "teams.csv, line 4", "teams.csv, line 6", "teams.csv, line 7",
    ]  # fmt: skip
    assert listed(cli) == []
    file.write_text("address,frequency\na@example.com,weekly\nb@example.com,\n")
    assert cli("subscribers", "import", file, "--dry-run").out == "would subscribe 2\n"
    assert listed(cli) == []
    assert cli("subscribers", "import", file).out == "subscribed 2\n"
    assert cli("subscribers", "import", file).out == "subscribed 0; 2 are subscribed already\n"


def test_what_is_exported_is_imported_the_same(cli: Command, tmp_path: Path) -> None:
    cli(
        "subscribers",
        "add",
        "a@example.com",
        "--service",
        "s3",
        "--level",
        "Permissions management",
        "--name",
        "x",
    )
    cli("subscribers", "add", "b@example.com", "--frequency", "monthly", "--no-heartbeat", "--hour", "0")
    cli("subscribers", "add", "https://hooks.example.com/secret", "--channel", "webhook")
    text = cli("subscribers", "export").out
    assert "https://hooks.example.com/secret" in text
    before = [{key: one[key] for key in (*wish.FIELDS, "address", "channel")} for one in listed(cli)]
    assert "secret" not in json.dumps(before)
    for one in listed(cli):
        cli("subscribers", "remove", str(one["id"]))
    (tmp_path / "all.csv").write_text(text)
    assert cli("subscribers", "import", tmp_path / "all.csv").out == "subscribed 3\n"
    assert [{key: one[key] for key in (*wish.FIELDS, "address", "channel")} for one in listed(cli)] == before


def test_subscribers_as_code(cli: Command, home: Path) -> None:
    cli("subscribers", "add", "signed-up@example.com")
    file = home / "subscribers.toml"
    assert cli("subscribers", "apply").code == 2
    file.write_text(
        '[[subscriber]]\naddress = "a@example.com"\nfrequency = "weekly"\n'
        '[[subscriber]]\naddress = "b@example.com"\nservices = ["s3"]\nleast = 5\n'
    )
    dry = cli("subscribers", "apply", "--dry-run")
    assert dry.out.splitlines() == [
        "add a@example.com: all that are watched; weekly", "add b@example.com: all that are watched; services s3; at least 5 actions; instant",
        "2 steps, nothing was written",
    ]  # fmt: skip
    assert len(listed(cli)) == 1
    assert cli("subscribers", "apply").code == 0
    assert cli("subscribers", "apply").out == "0 steps\n"
    file.write_text('[[subscriber]]\naddress = "b@example.com"\nservices = ["s3"]\n')
    assert cli("subscribers", "apply").out.splitlines()[:2] == [
        "change b@example.com: all that are watched; services s3; instant", "remove a@example.com",
    ]  # fmt: skip
    assert [one["address"] for one in listed(cli)] == ["b@example.com", "signed-up@example.com"]
    file.write_text(
        '[[subscriber]]\naddress = "signed-up@example.com"\n[[subscriber]]\naddress = "c@example.com"\nhours = 3\n'
    )
    bad = cli("subscribers", "apply")
    assert bad.code == 2
    assert "subscriber 2: unknown field 'hours'" in bad.err
    assert "subscriber 1: signed-up@example.com is subscribed otherwise already" in bad.err
    assert len(listed(cli)) == 2


def test_a_preview_says_what_a_year_would_have_sent(cli: Command) -> None:
    done = cli("subscribers", "preview", "--policy", "AWSSupportServiceRolePolicy", "--json")
    assert done.code == 0, done.err
    every = json.loads(done.out)["items"]
    assert {one["what"] for one in every} == {"change"}
    assert any("v57 to v59" in one["subject"] for one in every)
    some = json.loads(
        cli("subscribers", "preview", "--policy", "AWSSupport*", "--service", "sqs", "--json").out
    )["items"]
    assert len(some) <= len(every)
    monthly = json.loads(
        cli("subscribers", "preview", "--policy", "AWSSupport*", "--frequency", "monthly", "--json").out
    )
    assert len(monthly["items"]) in (12, 13)
    assert "digest" in {one["what"] for one in monthly["items"]}
    cli("subscribers", "add", "a@example.com", "--policy", "AWSSupportServiceRolePolicy")
    assert json.loads(cli("subscribers", "preview", "a@example.com", "--json").out)["items"] == every
    assert "messages in the last twelve months" in cli("subscribers", "preview", "a@example.com").out


def test_an_operator_looks_at_takes_back_and_clears(cli: Command) -> None:
    cli("subscribers", "add", "a@example.com", "--send-last")
    (row,) = json.loads(cli("outbox", "list", "--json").out)["items"]
    shown = cli("outbox", "show", str(row["id"]))
    assert shown.out.startswith(row["subject"])
    assert cli("outbox", "show", "99").code == 2
    assert cli("outbox", "cancel", str(row["id"])).out == "1 mail is taken back\n"
    assert cli("outbox", "cancel", str(row["id"])).code == 2
    assert cli("outbox", "cancel", "99").code == 2
    assert cli("outbox", "purge", "--days", "30").out == "0 rows were cleared away\n"
    assert len(json.loads(cli("outbox", "list", "--all", "--json").out)["items"]) == 1


def test_an_address_that_is_asked_first_is_pending(cli: Command) -> None:
    assert (
        cli("subscribers", "add", "a@example.com", "--ask").code == 4
    )  # no pages: no link could lead anywhere
    pages = ("--set", "base_url=https://policies.example.org")
    done = cli(*pages, "subscribers", "add", "a@example.com", "--ask")
    assert (done.code, done.out) == (0, "a@example.com is asked to confirm by mail\n")
    assert [one["state"] for one in listed(cli)] == ["pending"]
    assert cli("subscribers", "add", "b@example.com", "--ask", "--name", "x").code == 2
