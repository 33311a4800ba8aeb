"""Golden files: what a rendering says, kept beside the tests and changed on purpose only."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the file of that name; UPDATE_GOLDEN=1 writes the file, for a look at the difference."""

    def check(name: str, text: str) -> None:
        text = re.sub(
            r"<style>.*?</style>", "<style>…</style>", text, flags=re.DOTALL
        )  # it has tests of its own
        path = FOLDER / name
        if os.environ.get("UPDATE_GOLDEN"):
            FOLDER.mkdir(exist_ok=True)
            path.write_text(text)
        assert path.is_file(), f"{path} is missing: look at the rendering, then run with UPDATE_GOLDEN=1"
        assert text == path.read_text(), f"{path.name} says something else; UPDATE_GOLDEN=1 takes it over"

    return check
