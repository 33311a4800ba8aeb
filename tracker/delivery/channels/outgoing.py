"""HTTP to addresses that somebody else chose: nothing private is reached, nothing is followed, nothing is endless.

On the standard library's http.client, since the guard is the connection itself: a name is resolved once, every address
it has is judged, and the one that was judged is the one connected to (a second answer of DNS is never asked for). A
general client would resolve again, follow redirects, and read proxies from the environment. What is refused:
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from typing import Literal
from urllib.parse import urlsplit

from tracker.delivery.addresses import readable_answer
from tracker.errors import RefusedError

Resolve = Callable[[str, int], "list[str]"]

_ANSWER = 4_096  # bytes of an answer that are read
_FETCHED = 65_536  # and of a file that is fetched
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, as much as is looked at of it."""

    status: int
    text: str  # one line of it, bounded
    retry_after_s: float | None = None  # what a server asked for that is busy


class _Line(HTTPConnection):
    """A connection to an address that was judged, whatever its name is."""

    def __init__(
        self, host: str, port: int, address: str, timeout_s: float, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._address, self._context, self._limit_s = address, context, timeout_s

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self._limit_s)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


class Outgoing:
    """Sends requests to anywhere public, and to the networks that the operator lists. Keeps no connection open.

    `allowed`: networks that may be reached though they are private; to them alone without TLS, too.
    `timeout_s`: for each step; a whole exchange has three times as long.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        timeout_s: float = 10.0,
        resolve: "Resolve | None" = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = tuple(ip_network(one, strict=False) for one in allowed)
        self._timeout_s = timeout_s
        self._resolve = resolve or _resolved
        self._context = context

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send a body. Raises RefusedError: for good where the address may not be reached, else for now."""
        return self._exchange("POST", url, body, headers)

    def get(self, url: str) -> Reply:
        """Ask, as `post` does."""
        return self._exchange("GET", url, None, {})

    def fetch(self, url: str, largest: int = _FETCHED) -> bytes:
        """The first 64 KB at an address, or as much as is asked for. Raises RefusedError for any answer but 200, too."""
        kept = bytearray()
        reply = self._exchange("GET", url, None, {}, kept, largest)
        if reply.status != 200:
            raise RefusedError(f"{host_of(url)} answered {reply.status}", permanent=False)
        return bytes(kept)

    def probe(self, url: str) -> str:
        """Connect, with TLS where it is https, and send nothing. Raises as `post` does."""
        parts = urlsplit(url)
        host, safe = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if safe else 80)
        address = self._judged(host, port, safe=safe)
        context = (self._context or ssl.create_default_context()) if safe else None
        line = _Line(host, port, address, self._timeout_s, context)
        try:
            with closing(line), _cut_after(line, 3 * self._timeout_s):
                line.connect()
        except OSError as error:
            raise RefusedError(
                f"{host} can't be connected to: {error.strerror or type(error).__name__}", permanent=False
            ) from error
        return f"{host} can be connected to{' with TLS' if safe else ', without TLS'}"

    def _exchange(
        self,
        method: Literal["GET", "POST"],
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        kept: bytearray | None = None,
        largest: int = _FETCHED,
    ) -> Reply:
        """`kept`: where a longer part of the answer's body goes, if it is wanted; `largest` bytes of it."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        safe = parts.scheme == "https"
        port = parts.port or (443 if safe else 80)
        address = self._judged(host, port, safe=safe)
        context = (self._context or ssl.create_default_context()) if safe else None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line = _Line(host, port, address, self._timeout_s, context)
        try:
            with closing(line), _cut_after(line, 3 * self._timeout_s) as deadline:
                line.request(method, target, body, {"User-Agent": "policy-tracker", **headers})
                answer = line.getresponse()
                said = answer.read(_ANSWER if kept is None else largest)
                if deadline.passed:  # half an answer reads like a whole one
                    raise TimeoutError(0, "it trickles on without an end")
                if kept is not None:
                    kept += said
                return Reply(
                    answer.status, readable_answer(said), _seconds(answer.headers.get("Retry-After"))
                )
        except ssl.SSLCertVerificationError as error:
            raise RefusedError(
                f"the certificate of {host} can't be trusted: {error.verify_message}", permanent=False
            ) from error
        except (OSError, HTTPException, ValueError) as error:
            # The error's text may hold the address, and with it a secret: only its kind is told.
            why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise RefusedError(f"no answer from {host}: {why}", permanent=False) from error

    def _judged(self, host: str, port: int, *, safe: bool) -> str:
        """The address to connect to. Every address that the name has must be one that may be reached."""
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise RefusedError(f"the name {host} can't be resolved", permanent=False) from error
        if not found:
            raise RefusedError(f"the name {host} has no address", permanent=False)
        for address in found:
            listed = self._is_listed(address)
            if not listed and not is_public(address):
                raise RefusedError(
                    f"{host} is an address inside a network ({address}), and is not connected to",
                    permanent=True,
                    advice="if it is yours, list its network in channels.private_networks",
                )
            if not listed and not safe:
                raise RefusedError(
                    f"{host} would be spoken to without TLS",
                    permanent=True,
                    advice="use https; plain http only reaches networks listed in channels.private_networks",
                )
        return found[0]

    def _is_listed(self, address: str) -> bool:
        try:
            found = _embedded(ip_address(address))
        except ValueError:
            return False
        return any(found.version == one.version and found in one for one in self._allowed)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public Internet, an IPv4 address inside an IPv6 one being judged itself."""
    try:
        found = _embedded(ip_address(address))
    except ValueError:  # an IPv6 address with a zone is of one link
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is None and address in _NAT64:
            inside = IPv4Address(int(address) & 0xFFFFFFFF)
        return inside or address
    return address


def _resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


class _cut_after:  # noqa: N801 -- it reads as a statement
    """Ends a connection that trickles on: a time-out of a socket begins anew with each byte."""

    def __init__(self, line: HTTPConnection, seconds: float) -> None:
        self.passed = False
        self._line = line
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "_cut_after":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        self.passed = True
        with suppress(OSError):
            if self._line.sock is not None:
                self._line.sock.shutdown(socket.SHUT_RDWR)


def _seconds(text: str | None) -> float | None:
    """Retry-After as seconds; its other form, a date, is left to our own delays."""
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else None


def judge(reply: Reply, what: str) -> str:
    """The answer as one line. Raises RefusedError: later for 408, 425, 429 and 5xx, never for other refusals.

    `what` names the receiver without its secret: 'hooks.slack.com'. A redirect is a refusal: it is not followed.
    """
    if 200 <= reply.status < 300:
        return f"{reply.status} {reply.text}".strip()
    said = f"{what} answered {reply.status} {reply.text}".strip()
    if 300 <= reply.status < 400:
        raise RefusedError(
            f"{what} answered {reply.status}: it has moved, and redirects are not followed",
            permanent=True,
            advice="subscribe the new address",
        )
    later = reply.status in (408, 425, 429) or reply.status >= 500
    raise RefusedError(said, permanent=not later, retry_after_s=reply.retry_after_s if later else None)


def host_of(url: str) -> str:
    """`hooks.slack.com`: what may be told of an address that holds a secret."""
    try:
        return urlsplit(url).hostname or "***"
    except ValueError:
        return "***"
