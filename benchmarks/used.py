"""What `used` costs on a gigabyte of CloudTrail's logs, beside unpacking and parsing alone, and beside DuckDB.

The logs are made by a seed: 1 GB of JSON in packed files of three accounts and four regions, one event in thirty of the
role. The baselines do less than `used`: they unpack and parse every file and throw away what they parsed. DuckDB answers
the same question by the quickest query that we found: `read_json` into typed columns took six times as long.
Processor time of the whole process, start and imports included.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import Figure
from benchmarks._timing import Cost, least, once
from benchmarks._trails import make

JSON_BYTES = 1_000_000_000
ROUNDS = 2
FILES = """
import sys, zlib
from pathlib import Path
files = [path for path in Path(sys.argv[1]).rglob("*.json.gz")]
"""
SAME_PARSER = (
    FILES
    + """
from tracker.sources.cloudtrail_records import _file
assert sum(len(_file.decode(zlib.decompress(path.read_bytes(), 31)).Records) for path in files)
"""
)
STANDARD = (
    FILES
    + """
import json
assert sum(len(json.loads(zlib.decompress(path.read_bytes(), 31))["Records"]) for path in files)
"""
)
OURS = """
import sys
from pathlib import Path
from tracker.model.used import Role
from tracker.using.reading import read_logs
from tracker.using.tally import Tally
role = Role("AWSServiceRoleForSupport", service="support.amazonaws.com")
tally = Tally(lambda moment: 0)
read = read_logs(role, [Path(sys.argv[1])], None, None, tally, processes=int(sys.argv[2]))
print(sum(count.number for kind, count in tally.counts.items() if kind.via == "role"))
"""
DUCKDB = """
import sys, duckdb
db = duckdb.connect()
db.execute("set threads=1")
db.execute("set enable_progress_bar=false")
rows = db.execute('''
    with files as (
        select unnest(from_json(json_extract(json, '$.Records'), '["JSON"]')) as e
        from read_json_objects($logs, format='unstructured', maximum_object_size=16777216)
    ), calls as (
        select e->>'$.eventID' as id, e->>'$.eventSource' as source, e->>'$.eventName' as name, e->>'$.eventTime' as moment,
            e->>'$.awsRegion' as region, e->>'$.errorCode' as error
        from files where e->>'$.userIdentity.sessionContext.sessionIssuer.userName' = 'AWSServiceRoleForSupport'
    )
    select source, name, count(distinct id), min(moment), max(moment), list(distinct region), list(distinct error)
    from calls group by source, name
''', {"logs": sys.argv[1] + "/**/*_CloudTrail_*.json.gz"}).fetchall()
print(sum(row[2] for row in rows))
"""


def figures() -> tuple[Figure, ...]:
    """Seconds of processor time, and megabytes, of reading and counting a gigabyte."""
    with tempfile.TemporaryDirectory() as folder:
        logs, tenth = Path(folder) / "logs", Path(folder) / "tenth"
        made = make(logs, json_bytes=JSON_BYTES)
        few = make(tenth, json_bytes=JSON_BYTES // 10)
        for script, more in (
            (OURS, ("1",)),
            (OURS, ("2",)),
            (DUCKDB, ()),
        ):  # what is compared answers alike, and rightly
            said = subprocess.run(
                _python(script, tenth, *more), capture_output=True, text=True, check=True
            ).stdout
            assert int(said) == few.supports, f"{said} calls, not {few.supports}"
        ours, duckdb = _python(OURS, logs, "1"), _python(DUCKDB, logs)
        one, two, same, standard, theirs, small = _turn_about(
            ours, _python(OURS, logs, "2"), _python(SAME_PARSER, logs), _python(STANDARD, logs), duckdb, _python(OURS, tenth, "1")
        )  # fmt: skip
    what = f"`used` reading and counting {made.json_bytes / 1e9:.1f} GB of JSON ({made.files:,} files, {made.events:,} events), one process"
    return (
        Figure(what, one.processor, "s", 1.5, "unpacking and parsing with the same parser (msgspec, typed)", same.processor),
        Figure("the same", one.processor, "s", 1.5, "unpacking and parsing with the standard library's json", standard.processor),
        Figure("the same", one.processor, "s", 1, "DuckDB, one thread, the same question", theirs.processor),
        Figure("the same by two processes, wall clock", two.seconds, "s", 1.5, "unpacking and parsing with the same parser, wall clock", same.seconds),
        Figure("its peak memory, one process", one.megabytes, "MB", 1.3, "on a tenth of the logs", small.megabytes),
    )  # fmt: skip


def _turn_about(*commands: list[str]) -> tuple[Cost, ...]:
    """The least that each cost in some rounds, so that what else the machine does falls on all alike, or on none."""
    rounds = [[once(command) for command in commands] for _ in range(ROUNDS)]
    return tuple(least(costs) for costs in zip(*rounds, strict=True))


def _python(script: str, logs: Path, *more: str) -> list[str]:
    return [sys.executable, "-c", script, str(logs), *more]
