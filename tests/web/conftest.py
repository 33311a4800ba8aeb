"""A tracker with the shipped history, its pages in this process, and a real server on loopback."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, sync_playwright

from tests.support.history import need
from tracker.archive.shipped import copy_shipped
from tracker.bootstrap import open_tracker
from tracker.collaborators import Tracker
from tracker.service import record_history
from tracker.settings import load_settings
from tracker.web.app import make_app
from tracker.web.pages import Pages
from tracker.web.serving import Listening, serving

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def make_home(folder: Path) -> Tracker:
    """A tracker in a folder with the shipped history; the clock stands at NOW."""
    folder.mkdir(parents=True)
    (folder / "policy-tracker.toml").write_text(
        'policies = ["AWSSupportServiceRolePolicy", "AWSTrustedAdvisorServiceRolePolicy"]\n'
    )
    tracker = open_tracker(load_settings(folder, {}, {}), clock=lambda: NOW)
    copy_shipped(tracker.archive)
    record_history(tracker)
    return tracker


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Tracker:
    """The shipped history, read by many tests and written by none."""
    return make_home(tmp_path_factory.mktemp(f"web-{worker_id}") / "home")


@pytest.fixture(scope="session")
def pages(shipped: Tracker) -> Pages:
    """Its pages."""
    return Pages(shipped)


@pytest.fixture(scope="session")
def client(shipped: Tracker) -> Iterator[TestClient]:
    """Its server, called in this process."""
    with TestClient(
        make_app(shipped), base_url="http://localhost", raise_server_exceptions=False, follow_redirects=False
    ) as client:
        yield client


@pytest.fixture(scope="session")
def address(shipped: Tracker) -> Iterator[str]:
    """Its server on loopback, at a free port."""
    with serving(shipped, Listening(port=0)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    if path is None:
        need("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()
