"""What documents bring reaches a terminal harmless, and JSON stays JSON."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tracker.cli import output

HARMFUL = "a\x1b[2Jb\u202ec\u200bd\U000e0041e"
SPELT = r"a\u001b[2Jb\u202ec\u200bd\U000e0041e"


def test_text_errors_and_tables_spell_out_what_would_move_a_cursor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.put(f"{HARMFUL}\n\tnext line: −3 ü\r")
    output.put_error(HARMFUL, HARMFUL)
    output.table(("name", "value"), [(HARMFUL, "two\nlines")])
    out, err = capsys.readouterr()
    name, rows = SPELT, len(SPELT)
    assert out.splitlines()[:2] == [SPELT, "\tnext line: −3 ü\\r"]
    assert out.splitlines()[2:] == ["name".ljust(rows) + "  value", rf"{name}  two\nlines"]
    assert err == f"policy-tracker: {SPELT}\n  {SPELT}\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_json_is_the_same_value_and_ascii_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    value = {"text": HARMFUL}
    output.put_json(value)
    first = capsys.readouterr().out
    output.put_json_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    second = capsys.readouterr().out
    assert first == second
    assert json.loads(first) == value
    assert first.isascii() is terminal


def test_a_diff_of_a_hostile_document_is_harmless_as_text_and_whole_as_json(
    cli: Command, tmp_path: Path
) -> None:
    files = [tmp_path / "before.json", tmp_path / "after.json"]
    where = "arn:aws:s3:::b\u202e\U000e0041/*"
    for path, resource in zip(files, ("*", where), strict=True):
        statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": resource}
        path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    text = cli("diff", *files)
    assert not set("\u202e\U000e0041") & set(text.out + text.err)
    assert (text.code, "b\\u202e\\U000e0041/*" in text.out) == (0, True)
    record = json.loads(cli("diff", *files, "--json").out)
    assert where in json.dumps(record, ensure_ascii=False)
