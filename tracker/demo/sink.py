"""A mail server on loopback that keeps what it receives as .eml files, and may be told to answer 451 for a while."""

from asyncio import AbstractServer
from collections.abc import Awaitable
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from threading import Condition
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class _OnFreePort(Controller):
    """aiosmtpd's controller asks for a fixed port: this one takes what the system gives."""

    def __init__(self, handler: object) -> None:
        self._socket = socket(AF_INET, SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        # The host name is given so that nobody is asked for it: a look-up may take seconds where there is no network.
        super().__init__(
            handler,
            hostname="127.0.0.1",
            port=self._socket.getsockname()[1],
            server_hostname="localhost",
            ready_timeout=30,
        )

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)


class Sink:
    """An SMTP server on a free loopback port. A context manager; its thread has ended on exit.

    `refuse_next` deliveries are answered with 451 (try again later, RFC 5321 section 4.2.5) and not kept.
    """

    def __init__(self, folder: Path, *, refuse_next: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.refused = 0  # how many deliveries were answered with 451
        self.received: tuple[Path, ...] = ()  # the .eml files, in the order of their arrival
        self._refuse_next = refuse_next
        self._changed = Condition()
        self._controller = _OnFreePort(self)
        self.port: int = self._controller.port  # where it listens once it has been entered

    def refuse(self, deliveries: int) -> None:
        """Answer 451 to this many further deliveries."""
        with self._changed:
            self._refuse_next += deliveries

    def wait(self, *, received: int = 0, refused: int = 0, timeout_s: float = 30.0) -> bool:
        """True once it has had so many deliveries since it began; False where the time ran out."""
        with self._changed:
            return self._changed.wait_for(
                lambda: len(self.received) >= received and self.refused >= refused, timeout_s
            )

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep one message, or refuse it. Called by aiosmtpd."""
        with self._changed:
            if self._refuse_next:
                self._refuse_next -= 1
                self.refused += 1
                self._changed.notify_all()
                return "451 4.7.1 Greylisted, try again later"
            path = self.folder / f"{len(self.received) + 1:02d}.eml"
            path.write_bytes(envelope.original_content or b"")
            self.received = (*self.received, path)
            self._changed.notify_all()
        return "250 2.0.0 Kept"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
