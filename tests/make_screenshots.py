"""Draws the README's pictures of the pages from the shipped history: `make screenshots`."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.web.conftest import make_home
from tracker.web.serving import Listening, serving

DOCS = Path(__file__).resolve().parent.parent / "docs"
PICTURES = {
    "timeline": ("AWSSupportServiceRolePolicy/index.html", "light", 1120),
    "change": ("AWSSupportServiceRolePolicy/v57-v59.html", "dark", 1000),
}


def main() -> int:
    """Write docs/images/page-*.png. Exit code 3 where there is no Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        tracker = make_home(Path(folder) / "home")
        with serving(tracker, Listening(port=0)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            for name, (path, scheme, height) in PICTURES.items():
                page = browser.new_page(
                    viewport={"width": 1120, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
                page.goto(address + path)
                page.screenshot(path=str(DOCS / "images" / f"page-{name}.png"))
                page.close()
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
