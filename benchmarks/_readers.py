"""Readers in a process of their own: at a stated rate, over a few kept connections, as cheap as a client can be.

Reads one JSON document from standard input, `{"host", "port", "rate", "paths"}`, and prints the seconds that each answer took, from
when it was due: a server that falls behind is not spared. Requests are bytes made beforehand; of an answer the length alone is read.
"""

import json
import socket
import sys
import threading
import time

READERS = 6  # as many connections as a browser has


def _answer(connection: socket.socket, request: bytes) -> bytes:
    """The status of one answer, which is read to its end."""
    connection.sendall(request)
    told = b""
    while (end := told.find(b"\r\n\r\n")) < 0:
        more = connection.recv(65_536)
        if not more:
            raise ConnectionError("the server hung up")
        told += more
    head = told[:end].lower()
    at = head.find(b"content-length:")
    left = (int(head[at + 15 :].split(b"\r", 1)[0]) if at >= 0 else 0) - (len(told) - end - 4)
    while left > 0:
        left -= len(connection.recv(min(left, 1 << 20)))
    return head[9:12]


def main() -> None:
    """Ask, and print."""
    asked = json.load(sys.stdin)
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        for path in asked["paths"]
    ]
    start, times, lock = time.perf_counter() + 0.2, [], threading.Lock()
    due = iter([(start + number / asked["rate"], one) for number, one in enumerate(requests)])

    def reader() -> None:
        with socket.create_connection((asked["host"], asked["port"]), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    moment, request = next(due, (0.0, b""))
                if not request:
                    return
                time.sleep(max(0.0, moment - time.perf_counter()))
                status = _answer(connection, request)
                times.append(time.perf_counter() - moment)
                if status != b"200":
                    raise SystemExit(f"{status!r} for {request!r}")

    readers = [threading.Thread(target=reader) for _ in range(READERS)]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
