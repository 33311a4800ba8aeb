"""Mails: five findings, one row a service, under 100 KB whatever the change, the full list attached or linked."""

from dataclasses import replace
from email.message import EmailMessage

import pytest

from tests.changelog import cases
from tests.changelog.making import BILLING, CATALOGUE, SUPPORT, change, document, instant
from tracker.changelog.baseline import Baseline
from tracker.changelog.digest import digest_subject
from tracker.changelog.mails import LIMIT, encoded_size
from tracker.changelog.render import Renderer
from tracker.model.change import Attention, Change, Scope
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.message import Message

RENDERER = Renderer(CATALOGUE)


def travels(message: Message) -> int:
    """Bytes of the message as an SMTP server receives it, but for the headers that delivery adds."""
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    for one in message.attachments:
        mail.add_attachment(one.text, subtype="markdown", filename=one.filename, cte="quoted-printable")
    return len(mail.as_bytes().replace(b"\n", b"\r\n"))


def large(actions: int, services: int) -> Change:
    """A change that adds so many actions in so many services."""
    new = [f"service{number % services}:DescribeThing{number}Settings" for number in range(actions)]
    return change(document({"Action": cases.READS}), document({"Action": [*cases.READS, *new]}))


def test_a_mail_says_what_it_is_about() -> None:
    found = cases.updated()
    message = RENDERER.message(found)
    assert message.changelog == found.id
    assert message.thread == str(SUPPORT)
    assert (message.policy, message.versions) == (SUPPORT.name, "v6..v7")
    assert message.urgent
    (full,) = message.attachments
    assert (full.filename, full.media_type) == ("AWSSupportServiceRolePolicy_v6-v7.md", "text/markdown")
    assert full.text == RENDERER.markdown(found)
    assert not RENDERER.message(cases.quiet()).urgent
    assert RENDERER.message(found) == message


def test_with_a_link_nothing_is_attached() -> None:
    message = RENDERER.message(cases.updated(), "https://tracker.example.com/v6-v7")
    assert message.attachments == ()
    assert "https://tracker.example.com/v6-v7" in message.text
    assert 'href="https://tracker.example.com/v6-v7"' in message.html
    assert "Attached" not in message.text + message.html


@pytest.mark.parametrize(
    ("actions", "services"), [(50, 5), (400, 30), (1_100, 40), (4_533, 268), (20_000, 2_000)]
)
def test_under_100_kb_whatever_the_change(actions: int, services: int) -> None:
    found = large(actions, services)
    message = RENDERER.message(found)
    size = travels(message)
    assert size < 100_000 - 4_000
    assert f"{actions:,} more actions in {services:,} services" in message.text.replace("\n", " ")
    names = message.attachments[0].text if message.attachments else ""
    if actions <= 1_100:
        assert all(action.action in names for action in found.difference.actions_added)
    else:
        assert "Too long for a mail" in message.text
        assert "Too long for a mail" in message.html
    if services <= 40:
        assert all(f"service{number}" in message.text for number in range(services))
    else:
        assert "more services in the full changelog" in message.text
        assert "more services in the full changelog" in message.html


def test_rows_of_any_length_give_way() -> None:
    new = [f"service{number}{'x' * 900}:DescribeThing" for number in range(300)]
    message = RENDERER.message(
        change(document({"Action": cases.READS}), document({"Action": [*cases.READS, *new]}))
    )
    assert travels(message) < 96_000
    assert "And 275 more services in the full changelog" in message.text
    worse = [f"service{number}{'x' * 8_000}:DescribeThing" for number in range(30)]
    message = RENDERER.message(
        change(document({"Action": cases.READS}), document({"Action": [*cases.READS, *worse]}))
    )
    assert travels(message) < 96_000
    assert "And 30 more services in the full changelog" in message.text


def test_the_estimate_of_what_travels_is_right() -> None:
    for found in (cases.updated(), cases.hostile(), large(300, 20)):
        message = RENDERER.message(found)
        estimated = encoded_size(message.text, message.html, *(one.text for one in message.attachments))
        assert abs(travels(message) - estimated) < 1_500
    assert LIMIT < 96_000


def test_five_findings_and_how_many_more() -> None:
    findings = tuple(
        Attention(
            f"r{number}",
            "capability",
            (f"s3:{number}",),
            (),
            f"do {number}",
            "Because.",
            "x",
            "2026-01-01",
            (Scope(),),
        )
        for number in range(8)
    )
    message = RENDERER.message(replace(cases.quiet(), attention=findings))
    for text in (message.text, message.html):
        assert text.count("Because.") == 5
        assert "And 3 more in the full changelog" in text


def test_every_finding_of_the_text_stands_in_the_html() -> None:
    message = RENDERER.message(cases.updated())
    for words in (
        "Can now read S3 objects",
        "s3:getObject",
        "1 accepted finding hidden",
        "Amazon Connect",
        "new service",
    ):
        assert words in message.text
        assert words in message.html


def test_the_html_is_inlined_and_keeps_dark_mode() -> None:
    html = RENDERER.message(cases.updated()).html
    assert "@media (prefers-color-scheme: dark)" in html
    assert '<h1 style="' in html
    assert "<script" not in html
    assert "url(" not in html


def test_rows_lead_with_what_deserves_attention() -> None:
    message = RENDERER.message(cases.updated())
    names = [
        "AWS IAM",
        "oddity",
        "Amazon S3",
        "Amazon Connect",
        "Amazon API Gateway",
        "Amazon EC2",
        "AWS Backup",
    ]
    rows = message.text.partition("BY SERVICE")[2]
    assert [*sorted(names, key=rows.index)] == [
        "AWS IAM", "oddity", "Amazon S3", "Amazon Connect", "Amazon API Gateway", "Amazon EC2", "AWS Backup",
    ]  # fmt: skip


def test_a_period_is_one_message_a_policy_and_stretch() -> None:
    one, other = cases.month(), cases.month(policy=BILLING)
    assert (
        RENDERER.period_message(one).changelog
        == f"period:{SUPPORT}:2026-05-01T00:00:00Z/2026-06-01T00:00:00Z"
    )
    assert RENDERER.period_message(one).changelog != RENDERER.period_message(other).changelog
    assert RENDERER.period_message(one).versions == "May 2026"
    assert RENDERER.period_message(cases.PERIODS["period-net"]()).versions == "v6..v7"
    assert not RENDERER.period_message(one).urgent
    assert RENDERER.period_message(cases.PERIODS["period-transient"]()).urgent


def test_a_baseline_names_what_is_in_force() -> None:
    made = instant("2026-05-04 12:00")
    one = Baseline(SUPPORT, VersionId(59), made, made, 268, 4533, cases.updated().attention)
    message = RENDERER.baseline_message([one])
    assert message.subject == "Watching AWS Support: v59, 4,533 actions, 2 flagged"
    assert "today that is 4,533 actions in 268 services (v59)." in message.text.replace("\n", " ")
    assert "Can read S3 objects" in message.html
    assert not message.urgent
    assert RENDERER.baseline_message([one]).changelog == message.changelog
    later = replace(one, version=VersionId(60))
    assert RENDERER.baseline_message([later]).changelog != message.changelog
    with pytest.raises(ValueError, match="at least one policy"):
        RENDERER.baseline_message([])
    ours = PolicyArn(
        "aws", "AWSServiceRoleForSupport", "/aws-service-role/support.amazonaws.com/", "111122223333", "role"
    )
    role = RENDERER.baseline_message([replace(one, policy=ours)])
    assert role.subject == "Watching the role AWSServiceRoleForSupport: v59, 2 flagged"
    assert "who may assume it, what is attached to it, its inline policies (v59)." in role.text.replace(
        "\n", " "
    )


def test_a_digest_in_which_nothing_was_gained_or_lost_says_so() -> None:
    quiet = [cases.month(), cases.month(policy=BILLING)]
    message = RENDERER.digest_message(quiet)
    assert (
        message.subject == digest_subject(RENDERER, quiet) == "2 policies: nothing gained or lost (May 2026)"
    )
    assert "May 2026: none of 2 policies gained or lost anything." in message.text
    loud = cases.month(net=cases.updated())
    assert digest_subject(RENDERER, [loud]) == RENDERER.period_message(loud).subject
    with pytest.raises(ValueError, match="at least one policy"):
        RENDERER.digest_message([])


def test_what_moved_is_told_by_its_places_and_where_it_is_much_by_its_names() -> None:
    names = [f"s3:Get{letter}" for letter in "ABCDEFGHIJ"]
    one, many = (
        RENDERER.message(
            change(document({"Action": some, "Resource": "arn:aws:s3:::one/*"}), document({"Action": some}))
        ).text
        for some in (names[:1], names)
    )
    assert "Wider: s3:GetA, now on every resource, no longer on arn:aws:s3:::one/*." in one
    assert (
        "Wider: s3:GetA, s3:GetB, s3:GetC, s3:GetD, s3:GetE, s3:GetF and 4 more (allowed in more places or under fewer "
        "conditions)."
    ) in " ".join(many.split())
