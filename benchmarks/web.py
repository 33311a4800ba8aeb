"""The pages under load: a stated mix at 100 requests a second on one process, 304s, the heaviest change, files.

The mix, of 20 requests: 5 timelines, 5 changes, 2 versions, 3 searches, 2 feeds, 3 answers of the API. Its pages are in
the cache after one round, as they are for all readers but the first. Times are those of a client on this machine, which
shares its processors; the promise is for the whole.
"""

import gzip
import http.client
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import Figure

_S, _T = "/AWSSupportServiceRolePolicy", "/AWSTrustedAdvisorServiceRolePolicy"
MIX = [
    f"{_S}/index.html", f"{_T}/index.html", "/ReadOnlyAccess/index.html", "/SecurityAudit/index.html", "/ViewOnlyAccess/index.html",
    f"{_S}/v57-v59.html", f"{_S}/v38-v39.html", f"{_S}/v43-v57.html", f"{_T}/v14-v15.html", "/ReadOnlyAccess/v182-v190.html",
    f"{_S}/v59.html", f"{_T}/v15.html", "/search.html?q=s3:GetObject", "/search.html?q=kms:*", "/search.html?q=iam:PassRole",
    "/feeds/all.atom", f"{_S}/feed.json", "/api/v1/changes", f"/api/v1/policies{_S}/versions", "/api/v1/stats",
]  # fmt: skip
_RATE, _SECONDS = 100, 10


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


def figures() -> list[Figure]:
    """Percentiles in milliseconds, sizes in kB, memory in MB, builds in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        home, site = Path(folder) / "home", Path(folder) / "site"
        command = [sys.executable, "-m", "tracker", "--home", str(home)]
        subprocess.run([*command, "init"], check=True, capture_output=True)
        server = subprocess.Popen(
            [*command, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
        )
        try:
            found = _served(server)
        finally:
            server.terminate()
            server.wait(20)
        build = [*command, "site", "build", str(site)]
        taken = []
        for _ in range(2):
            start = time.perf_counter()
            subprocess.run(build, check=True, capture_output=True)
            taken.append(time.perf_counter() - start)
    found.append(Figure("site build of everything, cold", taken[0], "s", 60, promise="absolute"))
    found.append(Figure("site build without news", taken[1], "s", 2, promise="absolute"))
    return found


def _served(server: "subprocess.Popen[str]") -> list[Figure]:
    assert server.stdout is not None
    at = urlsplit(server.stdout.readline().split()[-1])
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
    tags = {}
    for path in MIX:  # the first reader of each page
        status, _, tags[path] = _ask(connection, path)
        assert status == 200, f"{path}: {status}"
    times: list[float] = []
    start = time.perf_counter()
    for number in range(_RATE * _SECONDS):
        due = start + number / _RATE
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        begun = min(due, time.perf_counter()) if wait <= 0 else time.perf_counter()
        status, _, _ = _ask(connection, MIX[number % len(MIX)])
        times.append(time.perf_counter() - begun)
        assert status == 200
    unchanged = []
    for number in range(300):
        path = MIX[number % len(MIX)]
        begun = time.perf_counter()
        status, _, _ = _ask(connection, path, tags[path])
        unchanged.append(time.perf_counter() - begun)
        assert status == 304
    _, heaviest, _ = _ask(connection, f"{_S}/v24-v34.html")
    return [
        Figure(f"the mix at {_RATE} a second, p99", _percentile(times, 0.99), "ms", 50, promise="absolute"),
        Figure("304, p99", _percentile(unchanged, 0.99), "ms", 5, promise="absolute"),
        Figure("the heaviest change, compressed", len(heaviest if heaviest[:2] == b"\x1f\x8b" else gzip.compress(heaviest)) / 1000, "kB", 150, promise="absolute"),
        Figure("memory of the server", _resident(server.pid), "MB", 150, promise="absolute"),
    ]  # fmt: skip
