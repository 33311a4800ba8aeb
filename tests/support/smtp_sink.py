"""Mail servers on loopback that keep what they get and misbehave on demand.

    with Sink() as sink:
        sink.next("RCPT", "450 4.2.1 try again", recipient="anna@example.org")   # once
        sink.always("DATA", HANG)                                               # until calm()
        ...
        assert [mail.recipient for mail in sink.mails] == ["bert@example.org"]

Sink is aiosmtpd, a real SMTP server. Script is a few lines of socket for what aiosmtpd would never say: it answers each
line of a dialogue with the next reply of a list, whatever was said.
"""

import asyncio
import socket
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG = "(say nothing more)"
DROP = "(hang up)"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that the server took."""

    sender: str
    recipient: str
    data: bytes
    options: tuple[str, ...]  # of MAIL FROM
    encrypted: bool
    login: str


class Sink:
    """A mail server in a thread. Steps that can be scripted: MAIL, RCPT, DATA (which answers the mail itself)."""

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        users: dict[str, str] | None = None,
        smtputf8: bool = True,
        size: int = 33_554_432,
        port: int = 0,
    ) -> None:
        self.mails: list[Mail] = []
        self.connections = 0
        self.reached = threading.Event()  # set when a scripted HANG begins
        self.logins: list[str] = []
        self._together = 1
        self._next: dict[tuple[str, str], deque[str]] = defaultdict(deque)
        self._always: dict[tuple[str, str], str] = {}
        self._starttls, self._tls, self._users = starttls, tls, users
        self._smtputf8, self._size = smtputf8, size
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def next(self, step: str, *replies: str, recipient: str = "") -> None:
        """Answer the step with these, once each; with a recipient only where the mail is for it."""
        self._next[step, recipient].extend(replies)

    def always(self, step: str, reply: str, recipient: str = "") -> None:
        """Answer the step so until `calm()`."""
        self._always[step, recipient] = reply

    def together(self, clients: int) -> None:
        """Answer no MAIL before so many have connected."""
        self._together = clients

    def calm(self) -> None:
        """Behave from now on."""
        self._next.clear()
        self._always.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, every connection with it."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(loop.create_server(self._session, sock=self._socket, ssl=self._tls))
        self._ready.set()
        loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def _session(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            hostname="sink.example",
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            authenticator=self._check_login if self._users is not None else None,
            auth_required=False,
            auth_require_tls=False,
            enable_SMTPUTF8=self._smtputf8,
            data_size_limit=self._size,
            loop=self._loop,
        )

    def _check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        name, password = data.login.decode(), data.password.decode()
        self.logins.append(name)
        # handled=True would leave the client without an answer for ever.
        known = self._users is not None and self._users.get(name) == password
        return AuthResult(success=known, handled=False, auth_data=name)

    async def _scripted(self, server: SMTP, step: str, recipient: str) -> str | None:
        for key in ((step, recipient), (step, "")):
            reply = self._next[key].popleft() if self._next.get(key) else self._always.get(key)
            if reply == HANG:
                self.reached.set()
                await asyncio.sleep(3600)
            if reply == DROP:
                transport(server).abort()
                raise ConnectionResetError
            if reply is not None:
                if reply.startswith("421"):  # and then it hangs up, as RFC 5321 3.8 says
                    self._loop.call_later(0.02, transport(server).abort)
                return reply
        return None

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._users is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        while self.connections < self._together:
            await asyncio.sleep(0.01)
        scripted = await self._scripted(server, "MAIL", "")
        if scripted is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return scripted or "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        scripted = await self._scripted(server, "RCPT", address)
        if scripted is None:
            envelope.rcpt_tos.append(address)
        return scripted or "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        [recipient] = envelope.rcpt_tos
        assert isinstance(envelope.content, bytes)
        mail = Mail(
            sender=str(envelope.mail_from),
            recipient=recipient,
            data=envelope.content,
            options=tuple(envelope.mail_options),
            encrypted=session.ssl is not None or self._tls is not None,
            login=str(session.auth_data or ""),
        )
        planned = [*self._next.get(("DATA", recipient), ()), *self._next.get(("DATA", ""), ())]
        first = (planned or [self._always.get(("DATA", recipient)) or self._always.get(("DATA", ""))])[0]
        if first is None or first in (HANG, DROP):
            self.mails.append(mail)  # the server has it, whether or not the client hears so
        scripted = await self._scripted(server, "DATA", recipient)
        return scripted or f"250 2.0.0 OK queued as {len(self.mails)}"


def transport(server: SMTP) -> asyncio.Transport:
    """The connection of a session."""
    assert isinstance(server.transport, asyncio.Transport)
    return server.transport


class Script:
    """A server that answers whatever it is told with its next reply. The first reply is the greeting.

    Replies may be str (a line), bytes (as they are), HANG or DROP. Each connection begins anew.
    """

    def __init__(self, replies: Sequence[str | bytes]) -> None:
        self._replies = tuple(replies)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.heard: list[bytes] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for one in self._open:
            one.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            self._open.append(peer)
            try:
                self._talk(peer)
            except OSError:
                peer.close()

    def _talk(self, peer: socket.socket) -> None:
        with peer.makefile("rb") as lines:
            for reply in self._replies:
                if reply == HANG:
                    return
                if reply == DROP:
                    break
                peer.sendall(reply if isinstance(reply, bytes) else reply.encode() + b"\r\n")
                if reply is not self._replies[-1]:
                    self.heard.append(lines.readline())
                    if isinstance(reply, str) and reply.startswith("354"):
                        while self.heard[-1] not in (b".\r\n", b""):
                            self.heard.append(lines.readline())
        peer.shutdown(socket.SHUT_RDWR)
        peer.close()
