"""What is an address, when two are one, and what a log may say of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.delivery.addresses import (
    checked_address,
    mask,
    masked,
    one_line,
    readable_answer,
    same_mailbox,
    wire_form,
)
from tracker.errors import InputError


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("anna@example.org", "anna@example.org"),
        ("  anna@Example.ORG ", "anna@example.org"),
        ("Anna.B+policy@example.org", "Anna.B+policy@example.org"),
        ("anna@xn--bcher-kva.example", "anna@bücher.example"),
        ("jürgen@bücher.example", "jürgen@bücher.example"),
        ("team@mail.test", "team@mail.test"),
    ],
)
def test_an_address_in_its_normal_form(given_: str, kept: str) -> None:
    assert checked_address(given_) == kept
    assert checked_address(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "anna@",
        "@example.org",
        "anna@example",
        "anna@example..org",
        "anna@@example.org",
        "Anna <anna@example.org>",
        "anna@example.org, bert@example.org",
        "anna@example.org\nBcc: bert@example.org",
        "anna@example.org\r\nRCPT TO:<bert@example.org>",
        "an\x00na@example.org",
        "an\x1b[31mna@example.org",
        "anna@exam\u202eple.org",
        "anna\u2028@example.org",
        '"anna smith"@example.org',
        "anna@[127.0.0.1]",
        "x" * 260 + "@example.org",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InputError, match="not a mail address") as refused:
        checked_address(text)
    assert "\n" not in str(refused.value)
    assert refused.value.advice


def test_two_spellings_of_one_mailbox() -> None:
    assert same_mailbox("Anna@example.org") == same_mailbox("aNNA@example.org")
    assert same_mailbox("JÜRGEN@bücher.example") == same_mailbox("jürgen@bücher.example")
    assert same_mailbox("anna@example.org") != same_mailbox("ann@example.org")


def test_the_form_that_smtp_takes() -> None:
    assert wire_form("anna@example.org") == ("anna@example.org", False)
    assert wire_form("anna@bücher.example") == ("anna@xn--bcher-kva.example", False)
    assert wire_form("jürgen@bücher.example") == ("jürgen@bücher.example", True)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("anna@example.org", "a***@example.org"),
        ("a@example.org", "a***@example.org"),
        ("@example.org", "***"),
        ("", "***"),
    ],
)
def test_a_masked_address(address: str, shown: str) -> None:
    assert mask(address) == shown


def test_addresses_in_a_servers_answer_are_masked() -> None:
    said = masked("550 <anna@example.org>: unknown; ask bert.smith+x@mail.example.org.")
    assert said == "550 <a***@example.org>: unknown; ask b***@mail.example.org."


@settings(deadline=None)
@given(st.emails(), st.text(alphabet=" <>:;,\n", max_size=3), st.text(alphabet=" <>:;,\n", max_size=3))
def test_no_address_survives_masking(address: str, before: str, after: str) -> None:
    local, _, domain = address.rpartition("@")
    shown = masked(f"{before}{address}{after}")
    assert address not in shown or local.startswith("*")
    assert domain in shown or '"' in local


@settings(deadline=None)
@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    assert line.isprintable() or all(ord(sign) >= 0x20 and ord(sign) != 0x7F for sign in line)
    assert one_line(line) == line


def test_a_servers_answer_is_kept_as_one_line_of_bounded_length() -> None:
    assert readable_answer(b"5.7.1 \x1b[31mred\r\nand \xff more") == "5.7.1 [31mred and \ufffd more"
    assert len(readable_answer("x" * 10_000)) == 500
