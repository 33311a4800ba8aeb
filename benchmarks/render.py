"""A large change (v39 to v59: 1,122 actions) in each of its forms, and the whole of v59, in one process, templates warm."""

from datetime import UTC, datetime

from benchmarks import Figure
from benchmarks._timing import calls
from benchmarks.compare import CATALOGUE, change, snapshot
from tracker.changelog.record import change_record
from tracker.changelog.render import Renderer
from tracker.model.change import Period

ROUNDS = 15


def figures() -> tuple[Figure, ...]:
    """Milliseconds a rendering; the HTML file itself is measured beside the comparison (compare.py)."""
    large, whole = change(snapshot("v39"), snapshot("v59")), change(snapshot("v4"), snapshot("v59"))
    renderer = Renderer(CATALOGUE)
    since, until = datetime(2024, 12, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
    period = Period(large.policy, since, until, large, (large,), (), 600, since, until)
    record, markdown, text, mail, stretch, widest = calls(
        lambda: change_record(large),
        lambda: renderer.markdown(large),
        lambda: renderer.text(large),
        lambda: renderer.message(large),
        lambda: renderer.period_html(period),
        lambda: renderer.html(whole),
        rounds=ROUNDS,
    )
    actions = f"{len(large.difference.actions_added):,} actions"
    return (
        Figure(f"JSON record of a change of {actions}", record, "ms", 10, promise="absolute"),
        Figure(f"Markdown of a change of {actions}", markdown, "ms", 100, promise="absolute"),
        Figure(f"plain text of a change of {actions}", text, "ms", 100, promise="absolute"),
        Figure(f"mail about a change of {actions}, under 100 KB", mail, "ms", 500, promise="absolute"),
        Figure(f"HTML of a period of {actions}", stretch, "ms", 50, promise="absolute"),
        Figure(
            f"HTML of a change of {len(whole.difference.actions_added):,} actions",
            widest,
            "ms",
            150,
            promise="absolute",
        ),
    )
