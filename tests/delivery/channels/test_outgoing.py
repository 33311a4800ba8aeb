"""Outgoing HTTP reaches nothing private, follows nothing, waits for nothing endless; against a real server."""

import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certificates import Authority
from tests.support.http_receiver import HttpReceiver
from tracker.delivery.channels.outgoing import Outgoing, Reply, host_of, is_public, judge
from tracker.errors import RefusedError

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with HttpReceiver() as one:
        yield one


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "2001:db8::1", "2001::1", "",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "52.94.76.1", "2600:1f18::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_an_inner_address_is_inner_in_every_clothing(address: object) -> None:
    assert not is_public(str(address))
    assert not is_public(f"::ffff:{address}")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_no_spelling_of_loopback_is_connected_to(receiver: HttpReceiver, host: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Outgoing(timeout_s=1).post(f"http://{host}:{receiver.port}/secret", b"", {})
    assert "secret" not in str(refused.value)
    assert receiver.connections == 0


def test_a_name_is_resolved_once_and_what_was_judged_is_connected_to(receiver: HttpReceiver) -> None:
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        """Public when it is judged; loopback at any later question."""
        asked.append(host)
        return ["203.0.114.1" if len(asked) == 1 else "127.0.0.1"]

    outgoing = Outgoing(timeout_s=0.3, resolve=rebinding)
    with pytest.raises(RefusedError):
        outgoing.post(f"https://rebinding.example:{receiver.port}/", b"", {})
    assert asked == ["rebinding.example"]
    assert receiver.connections == 0


def test_one_inner_address_among_public_ones_is_refused(receiver: HttpReceiver) -> None:
    outgoing = Outgoing(timeout_s=1, resolve=lambda *_: ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(RefusedError, match="inside a network") as refused:
        outgoing.post(f"https://two.example:{receiver.port}/", b"", {})
    assert refused.value.permanent
    assert "private_networks" in refused.value.advice


def test_a_listed_network_is_reached_and_the_name_travels(receiver: HttpReceiver) -> None:
    outgoing = Outgoing(LOOPBACK, timeout_s=2, resolve=lambda *_: ["127.0.0.1"])
    reply = outgoing.post(f"http://inside.example:{receiver.port}/a/b?c=d", b"body", {"X-One": "1"})
    assert reply == Reply(200, "ok")
    (got,) = receiver.got
    assert (got.method, got.path, got.body) == ("POST", "/a/b?c=d", b"body")
    assert got.headers["host"] == f"inside.example:{receiver.port}"
    assert got.headers["x-one"] == "1"
    assert outgoing.get(receiver.url("/ping")).status == 200
    assert receiver.got[-1].method == "GET"


def test_plain_http_to_a_public_address_is_refused() -> None:
    outgoing = Outgoing(resolve=lambda *_: ["8.8.8.8"])
    with pytest.raises(RefusedError, match="without TLS") as refused:
        outgoing.post("http://public.example/", b"", {})
    assert refused.value.permanent


def test_a_redirect_is_not_followed(receiver: HttpReceiver) -> None:
    with HttpReceiver() as inner:
        receiver.answers.append((302, {"Location": inner.url("/stolen")}))
        reply = Outgoing(LOOPBACK, timeout_s=2).post(receiver.url(), b"", {})
        with pytest.raises(RefusedError, match="redirects are not followed") as refused:
            judge(reply, "127.0.0.1")
        assert refused.value.permanent
        assert inner.connections == 0


@pytest.mark.parametrize("how", ["hang", "drop", "garbage", "huge-headers", "trickle"])
def test_what_misbehaves_is_put_off_and_soon(receiver: HttpReceiver, how: str) -> None:
    receiver.answers.append(how)
    started = time.monotonic()
    with pytest.raises(RefusedError, match=r"no answer from 127\.0\.0\.1") as refused:
        Outgoing(LOOPBACK, timeout_s=0.4).post(receiver.url("/secret"), b"", {})
    assert not refused.value.permanent
    assert "secret" not in str(refused.value)
    assert time.monotonic() - started < 3


def test_an_endless_answer_is_read_in_part(receiver: HttpReceiver) -> None:
    receiver.answers.append("endless")
    reply = Outgoing(LOOPBACK, timeout_s=1).post(receiver.url(), b"", {})
    assert reply.status == 200
    assert len(reply.text) <= 500


def test_nobody_there(receiver: HttpReceiver) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(RefusedError, match="Connection refused"):
            Outgoing(LOOPBACK, timeout_s=1).post(f"http://127.0.0.1:{taken.getsockname()[1]}/", b"", {})
    with pytest.raises(RefusedError, match="can't be resolved") as refused:
        Outgoing(timeout_s=1, resolve=_unknown).post("https://nowhere.example/", b"", {})
    assert not refused.value.permanent
    with pytest.raises(RefusedError, match="has no address"):
        Outgoing(timeout_s=1, resolve=lambda *_: []).post("https://nowhere.example/", b"", {})


def _unknown(host: str, port: int) -> list[str]:
    raise socket.gaierror("Name or service not known")


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (401, True), (403, True), (404, True), (410, True), (408, False), (425, False), (429, False),
     (500, False), (502, False), (503, False), (301, True), (307, True)],
)  # fmt: skip
def test_statuses_are_judged(status: int, permanent: bool) -> None:
    with pytest.raises(RefusedError) as refused:
        judge(Reply(status, "said", retry_after_s=7), "host")
    assert refused.value.permanent is permanent
    assert refused.value.retry_after_s == (None if permanent else 7)


def test_an_answer_is_one_line_without_escapes(receiver: HttpReceiver) -> None:
    receiver.answers.append((503, {"Retry-After": "120"}))
    reply = Outgoing(LOOPBACK, timeout_s=1).post(receiver.url(), b"", {})
    assert reply == Reply(503, "no [2Jway", 120)
    receiver.answers.append((503, {"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}))
    assert Outgoing(LOOPBACK, timeout_s=1).post(receiver.url(), b"", {}).retry_after_s is None


def test_a_certificate_that_nobody_vouches_for_is_refused(authority: Authority) -> None:
    import ssl
    import threading

    context = authority.server("localhost").context()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                try:
                    with context.wrap_socket(line, server_side=True):
                        pass
                except (ssl.SSLError, OSError):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(RefusedError, match="certificate of localhost can't be trusted"):
            Outgoing(LOOPBACK, timeout_s=2, resolve=lambda *_: ["127.0.0.1"]).post(
                f"https://localhost:{listener.getsockname()[1]}/", b"", {}
            )
        thread.join(5)


def test_the_host_is_all_that_is_told() -> None:
    assert host_of("https://hooks.slack.com/services/T0/B0/secret") == "hooks.slack.com"
    assert host_of("https://[::1/") == "***"
