"""Compiled templates are kept beside our own compiled modules, and believed only where they are of the very same."""

import marshal
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tracker.changelog.environments import _made


def _ours(folder: Path) -> Path:
    [found] = folder.rglob("html-*.template")
    return found


def test_a_template_is_compiled_once_and_only_the_same_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    told = _made("html", ()).get_template("site/search.js").render()
    assert not list(tmp_path.rglob("*.template"))  # as for Python's own
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert _made("html", ()).get_template("site/search.js").render() == told
    kept = _ours(tmp_path)
    mark, code = kept.read_bytes()[:32], kept.read_bytes()[64:]
    other = marshal.dumps(compile(_made("html", ()).compile("other", raw=True), "other", "exec"))
    kept.write_bytes(mark + sha256(other).digest() + other)
    assert (
        _made("html", ()).get_template("site/search.js").render() == "other"
    )  # it is what is there that runs,
    text = marshal.dumps("no code")
    whole = mark + sha256(code).digest() + code
    for damaged in (bytes(32) + whole[32:], whole[:-9], b"", mark + sha256(text).digest() + text):
        kept.write_bytes(damaged)  # unless it is of another template, or no code at all
        assert _made("html", ()).get_template("site/search.js").render() == told
        assert kept.read_bytes() == whole
