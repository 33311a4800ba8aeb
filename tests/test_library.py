"""The public library: what is public is listed and loaded late, the page's examples are run, errors are ours."""

import doctest
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tracker
from tests.support.home import shipped_home

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "library.md").read_text(encoding="utf-8")
READER = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped_home(tmp_path_factory.mktemp("library"))


def test_the_page_lists_what_is_public_and_nothing_else() -> None:
    table = PAGE.split("## What is public", 1)[1]
    rows = re.findall(r"^\| (`.*?`(?:, `.*?`)*) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    named |= set(re.findall(r"`(\w+Error)`", table))
    assert named == set(tracker.__all__)


def test_each_public_name_is_there_once_sorted_and_explained() -> None:
    assert sorted(set(tracker.__all__)) == tracker.__all__ == dir(tracker)
    for name in tracker.__all__:
        assert getattr(tracker, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'parse_document'"):
        tracker.parse_document  # type: ignore[attr-defined] # noqa: B018 -- that it is not there is the point


def test_what_public_methods_hand_out_is_public() -> None:
    public = [name for name in vars(tracker.Archive) if not name.startswith("_")]
    told = re.search(r"\| `Archive` \| (.*) \|", PAGE)
    assert told
    assert re.findall(r"`(\w+)`", told[1]) == [
        name for name in public if callable(getattr(tracker.Archive, name))
    ]


def test_import_loads_nothing_and_a_comparison_nothing_dear_beside_deepdiff() -> None:
    program = (
        "import sys; import tracker; ours = [n for n in sys.modules if n.startswith('tracker.')]; "
        'tracker.compare(None, \'{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}\'); '
        "print(ours, sorted({'boto3', 'jinja2', 'apscheduler', 'fastapi', 'click', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "[] []\n"), done.stderr


def test_the_examples_of_the_page_say_what_the_library_says(home: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {"home": home}, "docs/library.md", None, 0)
    assert len(test.examples) > 15
    told: list[str] = []
    doctest.DocTestRunner().run(test, out=told.append)
    assert told == []


def test_a_comparison_is_dated_as_it_is_told_and_gives_the_same_record_each_time() -> None:
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    one, other = (tracker.compare(None, READER, name="reader", at=moment) for _ in range(2))
    assert tracker.record(one) == tracker.record(other)
    assert one.transition.observed_at == moment
    assert tracker.record(one)["kind"] == "compared"


def test_wrong_input_is_an_error_of_ours() -> None:
    with pytest.raises(tracker.InputError, match="not a policy's name"):
        tracker.compare(None, READER, name="a/b")
    with pytest.raises(tracker.InputError, match="without a time zone"):
        tracker.compare(None, READER, at=datetime(2026, 11, 1))  # noqa: DTZ001 -- that is what is wrong with it
    with pytest.raises(tracker.InputError, match="neither an action"):
        tracker.compare(None, READER, tripwires=["GetObject"])
    with pytest.raises(tracker.DocumentError, match="policy after: the document is empty"):
        tracker.compare(READER, "")


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(tracker.SetupError):
        tracker.Archive(tmp_path)


def test_an_archive_answers_as_the_command_does(home: Path) -> None:
    archive = tracker.Archive(home)
    support = "AWSSupportServiceRolePolicy"
    (arn,) = archive.watched()
    assert arn.name == support
    changes = archive.changes(arn)
    assert [str(one.transition.after.version) for one in changes if one.transition.after][-1] == "v59"
    assert '"Statement"' in archive.document(support)
    assert (
        archive.document(support, "v57")
        == archive.document(support, "2026-05-01")
        != archive.document(support)
    )
    assert any(one.since for one in archive.attention(support))
    (period,) = archive.periods("2026-08-01", datetime(2026, 9, 1, tzinfo=UTC))
    assert tracker.record(period) == tracker.record(archive.period(support, "2026-08-01", "2026-09-01"))
    assert archive.period(support, "2026-08-01").net is not None
    assert archive.holders("iam:DeleteRole", policies=[support])[0].arn == arn
    for since, until in (("2026-09-01", "2026-08-01"), ("never", None)):
        with pytest.raises(tracker.InputError):
            archive.period(support, since, until)
