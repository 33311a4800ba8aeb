"""/metrics for Prometheus: text format 0.0.4, numbers alone; no subscriber, address or name of a policy is among them.

https://prometheus.io/docs/instrumenting/exposition_formats/. All of it is read from the database, so it is the same
whichever process is asked: `serve` beside a daemon, or beside cron.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Literal

from fastapi import FastAPI, Response
from starlette.concurrency import run_in_threadpool

from tracker.archive.pace import rounds
from tracker.collaborators import Tracker
from tracker.errors import TrackerError
from tracker.sources.source import OUTCOMES as CALL_OUTCOMES
from tracker.store.counts import counts

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("waiting", "claimed", "sent", "failed", "cancelled")
OUTCOMES = ("sent", "refused", "put_off")
Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with its samples."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: Sequence[Sample] = field(default_factory=tuple)


def add_metrics(app: FastAPI, tracker: Tracker) -> None:
    """The route. Where the tracker can't be read it says so by `policy_tracker_up 0`, and nothing else."""

    @app.api_route("/metrics", methods=["GET", "HEAD"], include_in_schema=False)
    async def metrics() -> Response:
        return Response(
            await run_in_threadpool(exposition, tracker), 200, {"cache-control": "no-store"}, FORMAT
        )


def exposition(tracker: Tracker) -> str:
    """Every metric as text."""
    up = Metric("policy_tracker_up", "gauge", "Whether the tracker's database can be read.")
    try:
        found = list(_metrics(tracker))
    except TrackerError:
        return text([_one(up, 0)])
    return text([_one(up, 1), *found])


def text(metrics: Sequence[Metric]) -> str:
    """Metrics in the text format; those without a sample are left out."""
    lines = []
    for one in metrics:
        if one.samples:
            lines += [f"# HELP {one.name} {_help(one.help)}", f"# TYPE {one.name} {one.kind}"]
        for labels, value in one.samples:
            inner = ",".join(f'{name}="{_label(said)}"' for name, said in sorted(labels.items()))
            lines.append(f"{one.name}{f'{{{inner}}}' if inner else ''} {value!r}")
    return "\n".join(lines) + "\n"


def _metrics(tracker: Tracker) -> Iterator[Metric]:
    now, seen = tracker.clock(), rounds(tracker.database)
    states = tracker.outbox.counts() if tracker.database.exists else {}
    oldest = tracker.outbox.oldest() if tracker.database.exists else None
    about = Metric("policy_tracker_info", "gauge", "The release that answers; always 1.")
    yield _one(about, 1, version=version("policy-tracker"))
    yield _instant(
        "policy_tracker_last_success_timestamp_seconds",
        "When the newest look ended in which every policy was read.",
        seen.success,
    )
    yield _instant(
        "policy_tracker_last_look_timestamp_seconds",
        "When the newest look ended, whatever became of it.",
        seen.newest,
    )
    yield _instant(
        "policy_tracker_next_look_timestamp_seconds",
        "When the next look is planned.",
        tracker.plan.look.next(now),
    )
    if seen.newest is not None:
        age = max(0.0, (now - seen.newest).total_seconds())
        yield _one(
            Metric("policy_tracker_newest_look_age_seconds", "gauge", "Seconds since the newest look ended."),
            age,
        )
        yield _one(
            Metric(
                "policy_tracker_last_look_duration_seconds", "gauge", "Seconds that the newest look took."
            ),
            seen.seconds,
        )
        yield _one(
            Metric(
                "policy_tracker_last_look_failed_policies",
                "gauge",
                "Policies that the newest look could not read.",
            ),
            seen.failed,
        )
    yield _one(Metric("policy_tracker_looks_total", "counter", "Looks that were recorded."), seen.looks)
    yield _one(Metric("policy_tracker_changes_total", "counter", "Changes that were recorded."), seen.changes)
    yield _one(Metric("policy_tracker_policies", "gauge", "Policies in the archive."), seen.policies)
    yield _one(
        Metric(
            "policy_tracker_open_rounds",
            "gauge",
            "Rounds that began and have not ended: one runs, or was cut off.",
        ),
        seen.open,
    )
    yield Metric(
        "policy_tracker_outbox_messages",
        "gauge",
        "Messages in the outbox by what became of them; what was sent stays there for channels.keep_days.",
        [({"state": state}, float(states.get(state, 0))) for state in STATES],  # type: ignore[call-overload] # its keys are these words
    )
    sends = counts(tracker.database, "sends")
    yield Metric(
        "policy_tracker_sends_total",
        "counter",
        "Attempts to send by what came of them: sent, refused for good, put off to be tried again.",
        [({"outcome": one}, float(sends.get(one, 0))) for one in OUTCOMES],
    )
    yield _aws_calls(tracker)
    waits = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    yield _one(
        Metric(
            "policy_tracker_outbox_oldest_seconds",
            "gauge",
            "Seconds that the oldest message has waited; 0 where none does.",
        ),
        waits,
    )


def _aws_calls(tracker: Tracker) -> Metric:
    """Each operation that was ever called with every outcome, so that a rise from 0 is seen; GetPolicy before any call."""
    made = counts(tracker.database, "aws_calls")
    operations = sorted({"GetPolicy", *(key.partition(".")[0] for key in made)})
    return Metric(
        "policy_tracker_aws_calls_total",
        "counter",
        "Calls to AWS by what came of them; retried: attempts that were made again within a call.",
        [
            ({"operation": each, "outcome": one}, float(made.get(f"{each}.{one}", 0)))
            for each in operations
            for one in CALL_OUTCOMES
        ],
    )


def _one(metric: Metric, value: float, **labels: str) -> Metric:
    return Metric(metric.name, metric.kind, metric.help, [(labels, float(value))])


def _instant(name: str, said: str, moment: datetime | None) -> Metric:
    """An instant as Prometheus wants it, Unix seconds; without a sample where it never was."""
    return Metric(name, "gauge", said, [] if moment is None else [({}, moment.timestamp())])


def _help(said: str) -> str:
    return said.replace("\\", r"\\").replace("\n", r"\n")


def _label(said: str) -> str:
    return _help(said).replace('"', r"\"")
