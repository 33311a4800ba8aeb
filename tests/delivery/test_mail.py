"""The mail itself: its headers, its bytes, its size."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changelog import cases
from tests.changelog.making import CATALOGUE
from tests.delivery.conftest import NOW, parcel, plain
from tracker.changelog.render import Renderer
from tracker.delivery.channel import Parcel
from tracker.delivery.mail import LIMIT, letter, message_id, thread_id
from tracker.errors import RefusedError, SettingsError
from tracker.model.message import Attachment

SETTINGS = plain(25)
GOLDEN = Path(__file__).parent / "golden" / "mail.eml"


def mail(one: Parcel | None = None, **changed: Any) -> EmailMessage:
    """The mail of a parcel, parsed again."""
    data = letter(one or parcel(), plain(25, **changed)).data
    parsed = message_from_bytes(data, policy=policy.default)
    assert [part.defects for part in parsed.walk() if part.defects] == []
    return parsed


def content(of: EmailMessage, kind: str) -> str:
    """The text of its plain or html body."""
    body = of.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def attachments(of: EmailMessage) -> dict[str, str]:
    """Its attachments: name -> text."""
    return {str(part.get_filename()): part.get_content() for part in of.iter_attachments()}


def test_the_exact_bytes() -> None:
    """Regenerate with UPDATE_GOLDEN=1 after a look at the difference."""
    data = letter(parcel(text="Größer: – 364 more actions.\n"), SETTINGS).data
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_bytes(data)
    assert data == GOLDEN.read_bytes()


def test_the_same_message_makes_the_same_bytes_at_every_attempt() -> None:
    assert letter(parcel(), SETTINGS) == letter(parcel(), SETTINGS)


def test_text_html_and_attachments() -> None:
    parsed = mail()
    kinds = [part.get_content_type() for part in parsed.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/markdown"]
    assert "364 more actions in 31 services." in content(parsed, "plain")
    assert content(parsed, "html").endswith("</p>\n</div>\n</body></html>\n")
    assert attachments(parsed) == {"v57-v59.md": "# AWSSupportServiceRolePolicy\r\n"}
    assert parsed["MIME-Version"] == "1.0"
    assert [part.get_content_type() for part in mail(parcel(attachments=())).walk()] == kinds[1:-1]


def test_every_byte_is_ascii_and_no_line_is_too_long() -> None:
    data = letter(parcel(text="ü" * 3000 + "\n" + "x" * 3000, html="<p>é</p>" * 500), SETTINGS).data
    assert data.isascii()
    lines = data.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 998
    body = data.split(b"\r\n\r\n", 1)[1]
    assert max(map(len, body.split(b"\r\n"))) <= 78


def test_headers_that_tell_programs_what_this_is() -> None:
    parsed = mail()
    assert parsedate_to_datetime(parsed["Date"]) == NOW
    assert parsed["From"] == "Policy tracker <policy-tracker@example.org>"
    assert parsed["Reply-To"] == "operator@example.org"
    assert parsed["Subject"] == "AWS Support can now pull any container image (+364 actions, v57 to v59)"
    assert parsed["List-Id"] == "policy-tracker changelogs <policy-tracker.example.org>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Precedence"] == "bulk"
    assert parsed["X-Policy-Tracker"] == "policy=AWSSupportServiceRolePolicy; versions=v57..v59"
    assert parsed["Feedback-ID"] == "AWSSupportServiceRolePolicy:v57..v59:changelog:policy-tracker"
    assert parsed["Importance"] is None
    assert mail(parcel(urgent=True))["Importance"] == "high"


def test_the_message_id_is_of_changelog_and_recipient_and_shows_neither() -> None:
    ids = {
        mail(parcel(who, changelog=what))["Message-ID"]
        for who in ("anna@example.org", "bert@example.org")
        for what in ("one", "two")
    }
    assert len(ids) == 4
    assert all(re.fullmatch(r"<[0-9a-f]{32}@example\.org>", one) for one in ids)
    assert mail()["Message-ID"] == message_id("8d7c5f0e", "anna@example.org", "example.org")


def test_one_thread_a_policy() -> None:
    first, second, other = (
        mail(parcel(changelog="one")),
        mail(parcel("bert@example.org", changelog="two")),
        mail(parcel(thread="arn:aws:iam::aws:policy/ReadOnlyAccess")),
    )
    assert first["References"] == first["In-Reply-To"] == second["References"]
    assert first["References"] == thread_id(
        "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy", "example.org"
    )
    assert other["References"] != first["References"]
    assert mail(parcel(thread=""))["References"] is None


def test_leaving_by_mail_where_there_are_no_pages() -> None:
    parsed = mail()
    assert parsed["List-Unsubscribe"] == "<mailto:operator@example.org?subject=unsubscribe%20t0ken>"
    assert parsed["List-Unsubscribe-Post"] is None
    assert "To stop these mails, write to operator@example.org." in content(parsed, "plain")
    assert "To stop these mails, write to operator@example.org." in content(parsed, "html")


def test_leaving_with_one_click_where_there_are_pages() -> None:
    parsed = mail(base_url="https://policies.example.org/tracker/")
    assert parsed["List-Unsubscribe"] == (
        "<https://policies.example.org/tracker/unsubscribe/t0ken>, "
        "<mailto:operator@example.org?subject=unsubscribe%20t0ken>"
    )
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain_http = mail(base_url="http://localhost:8000")
    assert plain_http["List-Unsubscribe"].startswith("<http://localhost:8000/unsubscribe/t0ken>, <mailto:")
    assert plain_http["List-Unsubscribe-Post"] is None  # RFC 8058 asks for https


def test_a_long_unsubscribe_link_is_neither_folded_nor_encoded() -> None:
    data = letter(
        parcel(token="t" * 200), plain(25, base_url="https://policies.example.org/" + "p" * 150)
    ).data
    [line] = [line for line in data.split(b"\r\n") if line.startswith(b"List-Unsubscribe: ")]
    assert line.endswith(b"unsubscribe%20" + b"t" * 200 + b">")
    assert len(line) <= 998


def test_who_can_not_leave_is_told_of_no_way_to() -> None:
    parsed = mail(parcel(token=""))
    assert parsed["List-Unsubscribe"] is None
    assert parsed["List-Id"] is None
    assert "To stop these mails" not in content(parsed, "plain")


@pytest.mark.parametrize("evil", ["x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org", "x\x0bBcc: e@x.org", "\x1b]0;x\x07"])  # fmt: skip
@pytest.mark.parametrize(
    "of",
    [
        lambda evil: parcel(subject=evil),
        lambda evil: parcel(policy=evil),
        lambda evil: parcel(versions=evil),
        lambda evil: parcel(changelog=evil),
        lambda evil: parcel(thread=evil),
        lambda evil: parcel(attachments=(Attachment(evil, "text/markdown", "x"),)),
    ],
    ids=["subject", "policy", "versions", "changelog", "thread", "filename"],
)
def test_nothing_that_is_told_can_add_a_header(of: Callable[[str], Parcel], evil: str) -> None:
    parsed = mail(of(evil))
    assert parsed["Bcc"] is None
    assert not any("\x1b" in str(value) for value in parsed.values())
    assert parsed["X-Policy-Tracker"]
    assert "364 more actions" in content(parsed, "plain")


def test_a_sender_with_a_name_that_is_not_ascii_and_a_domain_neither() -> None:
    parsed = mail(sender="Änderungen <tracker@bücher.example>")
    assert parsed["From"] == "Änderungen <tracker@xn--bcher-kva.example>"
    assert parsed["Message-ID"].endswith("@xn--bcher-kva.example>")


@settings(deadline=None)
@given(
    st.text(alphabet=st.one_of(st.sampled_from("abc é—日 =?_"), st.characters(codec="utf-8")), max_size=300)
)
def test_any_subject_comes_out_as_it_went_in(subject: str) -> None:
    from tracker.delivery.addresses import one_line

    data = letter(parcel(subject=subject), SETTINGS).data
    head = data.split(b"\r\n\r\n", 1)[0]
    parsed = message_from_bytes(head + b"\r\n\r\n", policy=policy.default)
    assert parsed["Subject"] == one_line(subject)
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    parsed = mail(parcel(text=text, token="", attachments=()))
    assert content(parsed, "plain") == text + "\n"


def test_without_an_operator_the_sender_stands_in_and_without_a_sender_there_is_no_mail() -> None:
    one = letter(parcel(), plain(25, operator=""))
    assert one.sender == "policy-tracker@example.org"
    assert b"Reply-To: policy-tracker@example.org" in one.data
    with pytest.raises(SettingsError, match=r"mail\.sender is not set"):
        letter(parcel(), plain(25, sender=""))


class TestUnder100KB:
    """Whatever the change, the mail is under 100 KB and says what it left out."""

    def test_an_attachment_that_would_make_it_larger_is_left_out_and_named(self) -> None:
        files = (
            Attachment("full.md", "text/markdown", "x" * 120_000),
            Attachment("short.md", "text/markdown", "short"),
        )
        one = letter(parcel(attachments=files), SETTINGS)
        assert len(one.data) <= LIMIT
        parsed = mail(parcel(attachments=files))
        assert list(attachments(parsed)) == ["short.md"]
        for kind in ("plain", "html"):
            assert "full.md is not attached" in content(parsed, kind)
            assert "short.md is not attached" not in content(parsed, kind)

    def test_without_html_where_that_is_what_is_too_large(self) -> None:
        parsed = mail(parcel(html="<p>x</p>" * 20_000, attachments=()))
        assert parsed.get_content_type() == "text/plain"
        assert "364 more actions" in content(parsed, "plain")
        assert "text alone" in content(parsed, "plain")

    def test_a_text_that_no_mail_can_carry_is_refused_for_good(self) -> None:
        with pytest.raises(RefusedError, match="more than 100000") as refused:
            letter(parcel(text="x" * 120_000), SETTINGS)
        assert refused.value.permanent

    def test_headers_that_no_mail_can_carry_are_refused_for_good(self) -> None:
        with pytest.raises(RefusedError, match="more than 100000"):
            letter(parcel(subject="x" * 120_000), SETTINGS)

    @settings(deadline=None)
    @given(
        st.integers(0, 150_000),
        st.integers(0, 90_000),
        st.lists(st.integers(0, 150_000), max_size=3),
        st.sampled_from("xé"),
    )
    def test_always(self, page: int, text: int, files: list[int], sign: str) -> None:
        one = parcel(
            html=sign * (page // len(sign.encode()) // 3),
            text="x" * text,
            attachments=tuple(
                Attachment(f"{number}.json", "application/json", sign * size)
                for number, size in enumerate(files)
            ),
        )
        data = letter(one, SETTINGS).data
        assert len(data) <= LIMIT
        parsed = message_from_bytes(data, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        said = content(parsed, "plain")
        for name in {f"{number}.json" for number in range(len(files))} - set(attachments(parsed)):
            assert f"{name} is not attached" in said or "text alone" in said


def test_the_dates_of_two_mails_are_those_of_their_queueing() -> None:
    later = Parcel(parcel().message, "anna@example.org", NOW + timedelta(hours=3), "t0ken")
    assert parsedate_to_datetime(mail(later)["Date"]) == NOW + timedelta(hours=3)


def test_each_recipients_own_way_out_stands_in_both_forms() -> None:
    """In a body that is rendered once; however long the address, no line is longer than quoted-printable allows."""
    message = Renderer(CATALOGUE).message(cases.updated())
    base = "https://policies.example.org/" + "very-long-path/" * 12
    for token in ("first-token", "second-token"):
        data = letter(Parcel(message, "team@example.org", NOW, token), plain(25, base_url=base)).data
        body = data.partition(b"\r\n\r\n")[2]
        assert max(map(len, body.split(b"\r\n"))) <= 76
        mail = message_from_bytes(data, policy=policy.default)
        page = f"{base}unsubscribe/{token}"
        for kind in ("plain", "html"):
            part = mail.get_body((kind,))
            assert part is not None
            text = part.get_content()
            assert (page if kind == "plain" else f'href="{page}"') in text
            assert text.count("-token") == 1
