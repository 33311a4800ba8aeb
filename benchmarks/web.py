"""The pages under load with a whole archive loaded: a stated mix, 304s, the heaviest change, files.

The mix, of 20 requests: 5 timelines, 5 changes, 2 versions, 3 searches, 2 feeds, 2 answers of the API, and one timeline
of a policy that nobody asked for before. All but the last are in the cache after one round, as they are for all readers
but the first. Times are those of a client on this machine, which shares its processors with the server and whatever else
runs; so what an answer costs is also told in processor time of the server alone, beside a server that does nothing.
"""

import gzip
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import Figure
from benchmarks._git_archive import made

_S, _T = "/AWSSupportServiceRolePolicy", "/AWSTrustedAdvisorServiceRolePolicy"
MIX = [
    f"{_S}/index.html", f"{_T}/index.html", "/ReadOnlyAccess/index.html", "/SecurityAudit/index.html", "/ViewOnlyAccess/index.html",
    f"{_S}/v57-v59.html", f"{_S}/v38-v39.html", f"{_S}/v43-v57.html", f"{_T}/v14-v15.html", "/ReadOnlyAccess/v182-v190.html",
    f"{_S}/v59.html", f"{_T}/v15.html", "/search.html?q=s3:GetObject", "/search.html?q=kms:*", "/search.html?q=iam:PassRole",
    "/feeds/all.atom", f"{_S}/feed.json", "/api/v1/changes", f"/api/v1/policies{_S}/versions",
]  # fmt: skip
_RATE, _SECONDS = 100, 10
_NOTHING = """
import asyncio, sys, uvicorn
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
    else:
        await receive(); await send({"type": "lifespan.startup.complete"}); await receive()
import socket
own = socket.socket(); own.bind(("127.0.0.1", 0)); own.listen(8); print(f"at http://127.0.0.1:{own.getsockname()[1]}/", flush=True)
server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
asyncio.run(server.serve(sockets=[own]))
"""


def _ask(connection: http.client.HTTPConnection, path: str, tag: str = "") -> tuple[int, bytes, str]:
    headers = {"Accept-Encoding": "gzip", "Host": "localhost"} | ({"If-None-Match": tag} if tag else {})
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.getheader("ETag", "")


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def _resident(pid: int) -> float:
    told = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert told, "no VmRSS: this benchmark reads Linux's /proc"
    return int(told[1]) * 1024 / 1e6


def _processor(pid: int) -> float:
    """Milliseconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


def figures() -> list[Figure]:
    """Percentiles in milliseconds, sizes in kB, memory in MB, builds in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        home, few, site = Path(folder) / "home", Path(folder) / "few", Path(folder) / "site"
        for place in (home, few):
            subprocess.run([*_command(place), "init"], check=True, capture_output=True)
        subprocess.run([*_command(home), "import", str(made())], check=True, capture_output=True)
        with _serving([*_command(home), "serve", "--port", "0"]) as (pid, connection):
            found = _served(pid, connection)
            _cold(pid, connection, "list")  # whatever is read once is read
            among_many = _cold(pid, connection, "describe")
        with _serving([*_command(few), "serve", "--port", "0"]) as (pid, connection):
            _cold(pid, connection, "list")
            among_few = _cold(pid, connection, "describe")
        found.append(
            Figure(
                "a page of one policy among 1,645, processor time",
                among_many,
                "ms",
                1.5,
                "among 5",
                among_few,
            )
        )
        build = [*_command(home), "site", "build", str(site)]
        for what, limit in (("of everything, cold", 60), ("without news", 2), ("when one policy changed", 2)):
            if "changed" in what:
                _news(home, Path(folder) / "news")
            start = time.perf_counter()
            subprocess.run(build, check=True, capture_output=True)
            found.append(
                Figure(f"site build {what}", time.perf_counter() - start, "s", limit, promise="absolute")
            )
    return found


def _news(home: Path, folder: Path) -> None:
    """One more version of a policy, that allows one action more, brought in."""
    folder.mkdir()
    kept = sorted((home / "snapshots/aws" / _T[1:]).glob("20*.json"))[-1]
    document = json.loads(kept.read_text())["document"]
    document["Statement"].append({"Effect": "Allow", "Action": "s3:GetObjectTorrent", "Resource": "*"})
    told = {
        "VersionId": "v99",
        "IsDefaultVersion": True,
        "CreateDate": "2026-11-01T00:00:00Z",
        "Document": document,
    }
    (folder / f"{_T[1:]}.json").write_text(json.dumps({"PolicyVersion": told}))
    subprocess.run([*_command(home), "import", str(folder)], check=True, capture_output=True)


def _command(home: Path) -> list[str]:
    return [sys.executable, "-m", "tracker", "--home", str(home)]


@contextmanager
def _serving(command: list[str]) -> Iterator[tuple[int, http.client.HTTPConnection]]:
    """A server that says its address last on its first line, and a connection to it."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    try:
        assert server.stdout is not None
        at = urlsplit(server.stdout.readline().split()[-1])
        yield server.pid, http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
    finally:
        server.terminate()
        server.wait(20)


def _served(pid: int, connection: http.client.HTTPConnection) -> list[Figure]:
    tags = {}
    for path in MIX:  # the first reader of each page
        status, _, tags[path] = _ask(connection, path)
        assert status == 200, f"{path}: {status}"
    rows = json.loads(gzip.decompress(_ask(connection, "/api/v1/policies?limit=500")[1]))["items"]
    never = iter([f"/{row['page']}" for row in rows if f"/{row['page']}" not in MIX])
    before = _processor(pid)
    times = _at_rate(connection, never)
    spent = (_processor(pid) - before) / len(times)
    unchanged, count = [], 2_000
    before = _processor(pid)
    for path in islice(cycle(MIX), count):
        begun = time.perf_counter()
        status, _, _ = _ask(connection, path, tags[path])
        unchanged.append(time.perf_counter() - begun)
        assert status == 304
    ours = (_processor(pid) - before) / count
    path = _heaviest(connection)
    _, heaviest, _ = _ask(connection, path)
    return [
        Figure(f"the mix at {_RATE} a second, p99", _percentile(times, 0.99), "ms", 50, promise="absolute"),
        Figure("the mix, processor time of the server", spent, "ms", 5, promise="absolute"),
        Figure("304, p99", _percentile(unchanged, 0.99), "ms", 5, promise="absolute"),
        Figure("304, processor time of the server", ours, "ms", 3, "a server that does nothing", _idle(count)),
        Figure("the heaviest change of all, compressed", len(heaviest) / 1000, "kB", 150, promise="absolute"),
        Figure("memory of the server", _resident(pid), "MB", 150, promise="absolute"),
        *_painted(f"http://{connection.host}:{connection.port}{path}"),
    ]  # fmt: skip


def _painted(address: str) -> list[Figure]:
    """When a browser painted a page first, counted from its first request; the middle of five. None without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return []
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            painted = "new Promise(done => new PerformanceObserver(told => done(told.getEntriesByName('first-contentful-paint')[0].startTime)).observe({type: 'paint', buffered: true}))"
            times.append(float(page.evaluate(painted)))
            page.close()
        browser.close()
    return [Figure("the same, first paint in Chromium", sorted(times)[2] / 1000, "s", 1, promise="absolute")]


def _at_rate(like: http.client.HTTPConnection, never: Iterator[str]) -> list[float]:
    """Seconds that each answer took at the stated rate, told by readers in another process."""
    paths = [path or next(never) for path in islice(cycle([*MIX, ""]), _RATE * _SECONDS)]
    asked = {"host": like.host, "port": like.port, "rate": _RATE, "paths": paths}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._readers"],
        input=json.dumps(asked),
        capture_output=True,
        check=True,
        text=True,
    )
    times: list[float] = json.loads(done.stdout)
    assert len(times) == len(paths), done.stderr
    return times


def _heaviest(connection: http.client.HTTPConnection) -> str:
    """The page of the change that moves most actions."""
    most, path, cursor = -1, "", ""
    while True:
        page = json.loads(gzip.decompress(_ask(connection, f"/api/v1/changes?limit=500&cursor={cursor}")[1]))
        for row in page["items"]:
            moved = sum(count for name, count in row["summary"].items() if name.startswith("actions_"))
            if moved > most:
                most, path = moved, f"/{row['page']}"
        cursor = page["next"] or ""
        if not cursor:
            return path


def _idle(count: int) -> float:
    """Milliseconds of processor time of an answer of uvicorn's alone."""
    with _serving([sys.executable, "-c", _NOTHING]) as (pid, connection):
        for _ in range(100):
            _ask(connection, "/")
        before = _processor(pid)
        for _ in range(count):
            _ask(connection, "/")
        return (_processor(pid) - before) / count


def _cold(pid: int, connection: http.client.HTTPConnection, word: str) -> float:
    """Processor time of pages of one policy that nobody asked for before (another `word` each call), on average."""
    before, count = _processor(pid), 40
    for number in range(count):
        status, _, _ = _ask(connection, f"{_T}/v15.html?q={word}{'a' * (number % 20)}{number}")
        assert status == 200
    return (_processor(pid) - before) / count
