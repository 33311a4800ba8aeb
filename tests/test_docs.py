"""The pages are true: in step with --help and the settings; what they show parses; what they link is there."""

import re
from pathlib import Path

import pytest

from tests.cli.parsing import parse
from tests.write_docs import DOCS, PAGES
from tracker.delivery.rosters import read_toml
from tracker.settings import load_settings

ROOT = DOCS.parent
TEXTS = sorted(
    [
        *DOCS.glob("**/*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md") if (ROOT / name).exists()),
    ]
)
# A command line in a page: in a block of shell or of a crontab or a unit, with the path of the program perhaps.
_COMMAND = re.compile(
    r"^(?:\$ |ExecStart=|[\d*]+ \* \* \* \* )?(?:/\S*/|\.venv/bin/)?(policy-tracker(?: .*)?)$"
)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, *kinds: str) -> list[str]:
    return [body for kind, body in _BLOCK.findall(path.read_text(encoding="utf-8")) if kind in kinds]


def commands(path: Path) -> list[str]:
    found = []
    for body in blocks(path, "sh", "bash", "console", "cron", "ini"):
        found += [match[1] for line in body.splitlines() if (match := _COMMAND.match(line.strip()))]
    return found


@pytest.mark.parametrize("name", PAGES)
def test_a_written_page_is_in_step(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run: make docs"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_command_that_a_page_shows_parses(path: Path) -> None:
    for line in commands(path):
        parse(line)


def test_the_pages_show_commands_at_all() -> None:
    assert len(commands(DOCS / "running.md")) >= 7


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_link_within_the_repository_leads_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        linked = (path.parent / place).resolve() if place else path
        assert linked.exists(), f"{path.name} links {target}"
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked), f"{path.name} links {target}"


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, hyphens for spaces, other signs dropped."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_settings_file_that_a_page_shows_is_valid(path: Path, tmp_path: Path) -> None:
    for body in blocks(path, "toml"):
        if body.startswith("[[subscriber]]"):  # subscribers.toml
            assert read_toml(body)[1] == ()
            continue
        for named in re.findall(r'^templates = "(.+)"$', body, re.MULTILINE):
            (tmp_path / named).mkdir(exist_ok=True)
        (tmp_path / "policy-tracker.toml").write_text(body, encoding="utf-8")
        load_settings(tmp_path, {})


def test_a_page_that_is_behind_would_be_noticed() -> None:
    assert "policy-tracker check [OPTIONS]" in PAGES["commands.md"]()
    assert "`mail.host`" in PAGES["settings.md"]()


def test_the_tests_that_show_what_is_safe_are_there() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (DOCS / "security.md").read_text(encoding="utf-8"))
    assert len(named) > 40
    for file, test in named:
        assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = set(
        re.findall(
            r"`((?:\w+/)*test_\w+\.py)(?:::(\w+))?`", (DOCS / "security.md").read_text(encoding="utf-8")
        )
    )
    assert len(named) > 60
    for file, test in sorted(named):
        path = ROOT / "tests" / file
        assert path.is_file(), f"there is no {file}"
        assert not test or re.search(rf"^ *def {test}\(", path.read_text(encoding="utf-8"), re.MULTILINE), (
            f"{file} has no {test}"
        )
