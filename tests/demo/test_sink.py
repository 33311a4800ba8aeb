"""The sink is a real SMTP server: it keeps what it takes, byte for byte, and refuses when told to."""

import smtplib
from pathlib import Path

import pytest

from tracker.demo.sink import Sink

MESSAGE = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\n\r\nText\r\n..dots\r\n"


def send(sink: Sink) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=10) as client:
        client.sendmail("a@example.org", ["b@example.org"], MESSAGE)


def test_what_it_takes_it_keeps(tmp_path: Path) -> None:
    with Sink(tmp_path / "mail") as sink:
        send(sink)
        send(sink)
        assert sink.wait(received=2)
    assert [path.name for path in sink.received] == ["01.eml", "02.eml"]
    assert sink.received[0].read_bytes() == MESSAGE


def test_it_refuses_as_often_as_it_was_told(tmp_path: Path) -> None:
    with Sink(tmp_path, refuse_next=1) as sink:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            send(sink)
        assert refused.value.smtp_code == 451
        send(sink)
        sink.refuse(1)
        with pytest.raises(smtplib.SMTPDataError):
            send(sink)
    assert (sink.refused, len(sink.received)) == (2, 1)


def test_waiting_ends_where_nothing_comes(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink:
        assert not sink.wait(received=1, timeout_s=0.01)


def test_its_port_is_closed_when_it_has_ended(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink:
        port = sink.port
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port, timeout=2)
