"""Running the server: uvicorn on one address until somebody says stop."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn

from tracker.collaborators import Tracker
from tracker.errors import SetupError
from tracker.web.app import READING, make_app
from tracker.web.doors import Doors

if TYPE_CHECKING:
    from tracker.settings import Settings

log = logging.getLogger(__name__)
_START_S, _STOP_S = 20.0, 5.0
_TURN_S = 0.001  # a page that is at hand need not wait for one that is being made


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the server is reached and whom it believes."""

    host: str = "127.0.0.1"
    port: int = 8080
    hosts: tuple[str, ...] = ()  # names that it answers for beside this machine's own; '*': any
    proxies: str = ""  # addresses whose X-Forwarded-* headers are believed, by commas; empty: nobody's


class _Server(uvicorn.Server):
    """Ours to stop: signals are the shell's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


def listening(
    settings: "Settings", address: str, port: int, hosts: tuple[str, ...], proxies: tuple[str, ...]
) -> Listening:
    """Where to listen by flags and settings: a flag stands in for its setting. What mails link to is answered too."""
    named = hosts or settings.web.hosts
    base = urlsplit(settings.base_url).hostname if settings.base_url else None
    return Listening(
        address, port, (*named, *((base,) if base else ())), ",".join(proxies or settings.web.proxies)
    )


@contextmanager
def serving(tracker: Tracker, where: Listening, doors: Doors = READING) -> Iterator[str]:
    """The server, from when it answers to when it has stopped; yields its address. Raises SetupError for a port that is taken."""
    hosts = where.hosts and (*where.hosts, "localhost", "127.0.0.1", "::1")
    app = make_app(tracker, hosts=hosts, doors=doors)
    config = uvicorn.Config(
        app,
        host=where.host,
        port=where.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(where.proxies),
        forwarded_allow_ips=where.proxies or None,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(_STOP_S),
        limit_concurrency=200,
        h11_max_incomplete_event_size=16_384,
    )
    tracker.database.reuse()
    sys.setswitchinterval(_TURN_S)
    server = _Server(config)
    ended = Event()
    thread = threading.Thread(target=_run, args=(server, ended), name="web", daemon=True)
    with tracker.database.held():  # a connection that stays open keeps the others cheap
        thread.start()
        waited = Event()
        for _ in range(int(_START_S / 0.02)):
            if server.started or ended.is_set():
                break
            waited.wait(0.02)
        if not server.started:
            raise SetupError(
                f"the pages can't be served on {where.host}:{where.port}",
                advice="another process may have the port: name another with --port",
            )
        port = server.servers[0].sockets[0].getsockname()[1]
        name = f"[{where.host}]" if ":" in where.host else where.host
        try:
            yield f"http://{name}:{port}/"
        finally:
            server.should_exit = True
            thread.join(_STOP_S + 5)
            app.state.postman.wait(_STOP_S)


def _run(server: uvicorn.Server, ended: Event) -> None:
    try:
        server.run()
    except SystemExit:  # uvicorn leaves so where it can't bind
        log.debug("the server did not start")
    finally:
        ended.set()
