"""Signatures: checked by the library's verifier with a DNS of ours, and by the arithmetic of RFC 6376 on another library."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.delivery.conftest import parcel, plain
from tracker.delivery.dkim import Signer, signer
from tracker.delivery.mail import LIMIT, letter
from tracker.errors import SettingsError
from tracker.model.message import Attachment
from tracker.settings import dkim_key, load_settings

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
OURS = signer("example.org", "s2026", PEM)


def signed(**changed: Any) -> bytes:
    """A mail with pages that take one click."""
    settings = plain(25, base_url="https://policies.example.org", signer=OURS)
    return letter(parcel(**changed), settings).data


def holds(mail: bytes) -> bool:
    """What the library's verifier says, asking our DNS."""
    asked: list[bytes] = []

    def txt(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return b"v=DKIM1; k=rsa; p=" + PUBLIC

    found = bool(dkim.verify(mail, dnsfunc=txt))
    assert asked == [b"s2026._domainkey.example.org."]
    return found


def unfolded(head: bytes) -> list[tuple[str, str]]:
    """Headers as RFC 6376, 3.4.2 (relaxed) has them."""
    lines = re.sub(r"\r\n(?=[ \t])", "", head.decode()).split("\r\n")
    pairs = [line.partition(":") for line in lines if line]
    return [(name.strip().lower(), re.sub(r"[ \t]+", " ", value).strip()) for name, _, value in pairs]


def test_both_unsubscribe_headers_are_under_a_signature_that_holds() -> None:
    mail = signed()
    assert holds(mail)
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    [told] = [value for name, value in unfolded(mail.partition(b"\r\n\r\n")[0]) if name == "dkim-signature"]
    tags = dict(part.strip().split("=", 1) for part in told.split(";"))
    covered = tags["h"].replace(" ", "").split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post", "from", "to", "subject", "date"} <= set(covered)
    assert covered.count("from") == 2
    assert (tags["d"], tags["s"], tags["c"], tags["a"]) == (
        "example.org", "s2026", "relaxed/relaxed", "rsa-sha256",
    )  # fmt: skip


def test_another_library_reckons_the_same() -> None:
    """The two hashes and the signature by hand, with `cryptography`."""
    head, _, body = signed().partition(b"\r\n\r\n")
    headers = unfolded(head)
    [told] = [value for name, value in headers if name == "dkim-signature"]
    tags = {key.strip(): value.strip() for key, value in (part.split("=", 1) for part in told.split(";"))}
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    digest = hashlib.sha256(b"\r\n".join(lines) + b"\r\n").digest()
    assert base64.b64encode(digest).decode() == tags["bh"].replace(" ", "")
    left, text = [one for one in headers if one[0] != "dkim-signature"], ""
    for name in (one.strip().lower() for one in tags["h"].split(":")):
        found = next((one for one in reversed(left) if one[0] == name), None)
        if found is not None:
            left.remove(found)
            text += f"{name}:{found[1]}\r\n"
    text += "dkim-signature:" + re.sub(r"\bb=.*?(?=;|$)", "b=", told)
    KEY.public_key().verify(
        base64.b64decode(tags["b"].replace(" ", "")), text.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda mail: mail.replace(b"https://policies.example.org", b"https://evil.example.org"),
        lambda mail: mail.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        lambda mail: mail.replace(b"Subject: ", b"Subject: Re: "),
        lambda mail: mail.replace(b"364 more actions in 31", b"365 more actions in 31"),
        lambda mail: mail.replace(b"\r\n\r\n", b"\r\nFrom: eve@example.org\r\n\r\n", 1),
    ],
    ids=["unsubscribe", "one-click", "subject", "body", "second From"],
)
def test_what_is_changed_on_the_way_is_found(change: Callable[[bytes], bytes]) -> None:
    mail = signed()
    assert change(mail) != mail
    assert not holds(change(mail))


def test_nobody_can_add_a_link_to_unsubscribe_to_a_mail_that_has_none() -> None:
    mail = letter(parcel(token=""), plain(25, signer=OURS)).data
    assert b"\r\nList-Unsubscribe" not in mail
    assert holds(mail)
    assert not holds(mail.replace(b"\r\n\r\n", b"\r\nList-Unsubscribe: <https://evil.example>\r\n\r\n", 1))


def test_a_signed_mail_is_under_100_kb_too() -> None:
    mail = signed(attachments=(Attachment("full.md", "text/markdown", "x" * 88_000),))
    assert 90_000 < len(mail) <= LIMIT
    assert holds(mail)


@pytest.mark.parametrize(
    ("domain", "selector", "key", "wrong"),
    [
        ("example.org", "", PEM, "dkim_selector"),
        ("example.org", "a b", PEM, "dkim_selector"),
        ("", "s", PEM, "dkim_domain"),
        ("example.org", "s", b"not a key", "holds no key"),
        ("example.org", "s", PEM.replace(b"A", b"B"), "holds no key"),
    ],
)
def test_what_can_not_sign_is_said_at_once(domain: str, selector: str, key: bytes, wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong):
        signer(domain, selector, key)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "dkim.pem"
    file.write_bytes(PEM)
    file.chmod(0o644)
    settings = load_settings(tmp_path, {"POLICY_TRACKER_MAIL__DKIM_KEY_FILE": str(file)}, needs_file=False)
    with pytest.raises(SettingsError, match="holds a key and everybody may read it"):
        dkim_key(settings)
    file.chmod(0o600)
    assert dkim_key(settings) == PEM


def test_a_key_is_shown_to_nobody() -> None:
    assert repr(OURS) == "Signer(s2026._domainkey.example.org)"
    assert isinstance(OURS, Signer)
    assert "PRIVATE" not in repr(plain(25, signer=OURS))
