"""Delivery to Debian's Postfix: a server that queues, refuses and bounces as they do out there."""

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest

from tests.delivery.conftest import Clock, parcel, plain
from tests.support.certificates import Authority
from tests.support.history import need
from tests.support.postfix import Postfix, why_not
from tracker.delivery.deliver import Delivery, deliver
from tracker.delivery.outbox import Outbox
from tracker.delivery.smtp import SmtpChannel
from tracker.errors import RefusedError, SetupError
from tracker.model.message import Attachment

Queue = Callable[..., list[str]]


@pytest.fixture(scope="module")
def postfix(authority: Authority) -> Iterator[Postfix]:
    if reason := why_not():
        need(reason)
    server = Postfix(
        authority.server("127.0.0.1"),
        mailboxes=("anna", "bert", "batch", "large", "operator"),
        aliases={"moved": "nobody-there"},
        access={"busy": "450 4.2.1 try again later", "banned": "554 5.7.1 not here"},
        size=60_000,
    )
    with server:
        yield server


@pytest.fixture
def channel(postfix: Postfix, authority: Authority) -> Iterator[SmtpChannel]:
    settings = plain(postfix.port, security="starttls", ca_file=authority.file, timeout_s=20)
    with SmtpChannel(settings) as ready:
        yield ready


def test_a_round(postfix: Postfix, channel: SmtpChannel, outbox: Outbox, queue: Queue, clock: Clock) -> None:
    """Everything a mailing list meets: good addresses, one unknown, one busy, one banned, one that bounces later."""
    queue("anna", "unknown", "busy", "banned", "moved", "bert")
    done = deliver(outbox, channel, clock, "w1", operator="operator@example.org")
    assert done == Delivery(sent=4, retried=1, failed=2), postfix.log()
    rows = {row.recipient.split("@")[0]: row for row in outbox.list(["sent", "failed", "waiting"])}
    assert "queued as" in rows["anna"].answer
    assert "550 5.1.1" in rows["unknown"].answer
    assert "450 4.2.1" in rows["busy"].answer
    assert "554 5.7.1" in rows["banned"].answer

    [mail] = postfix.mails("anna", count=1)
    parsed = message_from_bytes(mail, policy=policy.default)
    assert parsed["Subject"] == "AWS Support can now pull any container image (+364 actions, v57 to v59)"
    assert parsed["List-Unsubscribe"].startswith("<mailto:operator@example.org?subject=unsubscribe%20")
    assert "with ESMTPS" in str(parsed["Received"])  # S: over TLS
    assert parsed.get_content_type() == "multipart/mixed"
    assert len(postfix.mails("bert", count=1)) == 1

    # To the operator: our notice of the two refusals, and Postfix's own bounce of what it had accepted.
    told = [message_from_bytes(one, policy=policy.default) for one in postfix.mails("operator", count=2)]
    kinds = sorted((one.get_content_type(), str(one["Subject"])) for one in told)
    assert kinds[0] == ("multipart/alternative", "policy-tracker: 2 mails failed")
    assert kinds[1][0] == "multipart/report"
    bounced = next(one for one in told if one.get_content_type() == "multipart/report")
    assert "nobody-there@example.org" in bounced.as_string()


def test_a_batch_on_one_connection_arrives_whole(postfix: Postfix, channel: SmtpChannel) -> None:
    for number in range(30):
        assert channel.send(parcel("batch@example.org", changelog=f"batch-{number}")).startswith("250 2.0.0")
    arrived = [message_from_bytes(one) for one in postfix.mails("batch", count=30)]
    assert len({one["Message-ID"] for one in arrived}) == 30


def test_a_mail_that_is_larger_than_it_takes(channel: SmtpChannel) -> None:
    big = (Attachment("full.md", "text/markdown", "x" * 80_000),)
    with pytest.raises(RefusedError, match=r"552 5\.3\.4") as refused:  # said to MAIL FROM, by its SIZE
        channel.send(parcel("large@example.org", attachments=big))
    assert refused.value.permanent
    assert channel.send(parcel("large@example.org")).startswith("250")


def test_a_certificate_that_nobody_vouched_for(postfix: Postfix) -> None:
    with pytest.raises(SetupError, match="can't be trusted"):
        SmtpChannel(plain(postfix.port, security="starttls")).send(parcel())
