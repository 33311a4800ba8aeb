"""A web server on loopback that answers as it is told, or misbehaves, and keeps what it was sent."""

import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Got:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass
class HttpReceiver:
    """A context manager. `answers`: what to do next, one a request; then 200 'ok'.

    A number is a status; ('status', headers) a status with headers, and perhaps a body; or a word: 'hang', 'drop', 'endless', 'trickle',
    'garbage', 'huge-headers'.
    """

    answers: list[object] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def handle(self) -> None:
                receiver.connections += 1
                super().handle()

            def do_POST(self) -> None:
                receiver._serve(self)

            def do_GET(self) -> None:
                receiver._serve(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._over = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def url(self, path: str = "/hook") -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}{path}"

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(request.command, request.path, headers, body))
        answer = self.answers.pop(0) if self.answers else 200
        request.close_connection = True
        if isinstance(answer, str):
            self._misbehave(answer, request)
            return
        status, more, *own = answer if isinstance(answer, tuple) else (answer, {})
        request.send_response(status)
        for name, value in more.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(own[0] if own else b"ok" if status == 200 else b"no\r\n\x1b[2Jway")

    def _misbehave(self, how: str, request: BaseHTTPRequestHandler) -> None:
        write = request.wfile.write
        if how == "hang":
            self._over.wait(30)
        elif how == "garbage":
            write(b"\x00\x01 this is not HTTP\r\n\r\n")
        elif how == "huge-headers":
            write(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(500)) + b"\r\n")
        elif how == "endless":
            write(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(100_000):
                write(b"x" * 65_536)
        elif how == "trickle":
            for sign in b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 10_000:
                write(bytes([sign]))
                time.sleep(0.1)
        else:
            request.connection.shutdown(socket.SHUT_RDWR)
