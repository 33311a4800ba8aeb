"""What a role did, in sentences."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.changelog.making import SUPPORT, instant
from tracker.changelog.used import headline, notes, used_record
from tracker.changelog.used_page import used_view
from tracker.model.identity import VersionId
from tracker.model.used import Basis, Calls, InForce, LookedUp, Read, Role, ServiceUse, UsedAction, UsedReport

AT = instant("2026-05-04 12:00")
LATER = AT + timedelta(days=1)
CALLS = Calls(3, AT, LATER, ("eu-west-1",), ("111122223333",), (), ())
REPORT = UsedReport(
    Role("AWSServiceRoleForSupport", service="support.amazonaws.com"), None, None, LATER, "1",
    (InForce(SUPPORT, VersionId(7)),), Read(), CALLS, duplicates=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, " between 2026-05-04 12:00 UTC and 2026-05-05 12:00 UTC."),
        ({"since": AT}, " since 2026-05-04 12:00 UTC."),
        ({"until": AT}, " until 2026-05-04 12:00 UTC."),
        ({"since": AT, "until": LATER}, " from 2026-05-04 12:00 UTC to 2026-05-05 12:00 UTC."),
        ({"total": None}, "AWSServiceRoleForSupport: not one call."),
    ],
)
def test_the_period_is_what_was_asked_for_or_else_what_was_found(changed: dict[str, Any], told: str) -> None:
    assert headline(replace(REPORT, **changed)).endswith(told)


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"read": Read(outside=2)}, "2 log files were passed over: delivered before the period, or more than a week after it."),
        ({"read": Read(unread=1)}, "1 event could not be told to be anybody's: not as CloudTrail writes them."),
        ({"read": Read(namesakes=1)},
         "1 event of another role of the same name was left out: only the service makes roles under aws-service-role/support.amazonaws.com."),
        ({"assumed": CALLS}, "The service assumed the role 3 times, last at 2026-05-05 12:00 UTC."),
        ({"total": replace(CALLS, accounts=("1", "2"))}, "In 2 accounts and 1 region (eu-west-1)."),
        ({"basis": Basis("archive", LATER, linked=True)},
         "The role was first looked at on 2026-05-05 12:00 UTC: what AWS alone attaches is taken to have hung on it before, too."),
        ({"read": Read(looked_up=(LookedUp("eu-west-1", 5, AT, LATER, failed="throttled"),))},
         "eu-west-1 is read up to 2026-05-05 12:00 UTC only."),
        ({"read": Read(looked_up=(LookedUp("eu-west-1", 0, failed="denied"),))}, "eu-west-1 is not read."),
    ],
)  # fmt: skip
def test_what_a_reader_must_know_beside_the_figures_is_said(changed: dict[str, Any], note: str) -> None:
    assert note in list(notes(replace(REPORT, **changed)))
    assert note not in list(notes(REPORT))


def test_where_the_role_was_looked_at_before_its_first_call_nothing_is_said_of_that() -> None:
    known = replace(REPORT, basis=Basis("archive", AT))
    assert not [one for one in notes(known) if "first looked at" in one]


def test_what_an_event_may_have_stood_for_instead_is_said() -> None:
    used = (
        UsedAction("s3:GetObject", "s3", "Read", "granted", CALLS, instead=("s3:HeadObject",)),
        UsedAction("s3:ListBucket", "s3", "List", "granted", CALLS),
    )
    services = (ServiceUse("s3", "Amazon S3", 6, 2, 2, 0),)
    (shown,) = used_view(used_record(replace(REPORT, used=used, services=services), public=True)).active
    assert [(one.name, one.note) for one in shown.lines] == [
        ("s3:GetObject", "or s3:HeadObject"), ("s3:ListBucket", ""),
    ]  # fmt: skip
