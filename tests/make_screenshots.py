"""Draws the README's pictures: pages of the shipped history, a changelog and a mail of the demo. `make screenshots`."""

import email
import email.policy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from tests.web.conftest import make_home
from tracker.web.serving import Listening, serving

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
PAGES: dict[str, tuple[str, Literal["light", "dark"], int]] = {
    "page-timeline": ("AWSSupportServiceRolePolicy/index.html", "light", 1120),
    "page-change": ("AWSSupportServiceRolePolicy/v57-v59.html", "dark", 1000),
}
TOLD = "v19 to v20"  # the change of which the changelog and the mail are drawn


def main() -> int:
    """Write docs/images/*.png. Exit code 3 where there is no Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with serving(make_home(Path(folder) / "home"), Listening(port=0)) as address:
            for name, (path, scheme, height) in PAGES.items():
                _draw(browser, name, address + path, (1120, height), scheme)
        changelog, mail = _demo(Path(folder))
        _draw(browser, "changelog", changelog.as_uri(), (900, 1000))
        _draw(browser, "mail", mail.as_uri(), (700, 1000))
        browser.close()
    return 0


def _draw(
    browser: Browser,
    name: str,
    address: str,
    size: tuple[int, int],
    scheme: Literal["light", "dark"] = "light",
) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.goto(address)
    page.screenshot(path=str(IMAGES / f"{name}.png"))
    page.close()


def _demo(folder: Path) -> tuple[Path, Path]:
    """The HTML changelog and the first HTML mail about `TOLD`, as the demo makes them."""
    kept = folder / "demo"
    command = [sys.executable, "-m", "tracker", "demo", "--keep", str(kept)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    mail = folder / "mail.html"
    for file in sorted((kept / "mail").glob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        body = message.get_body(("html",))
        if TOLD in message["Subject"] and body is not None:
            mail.write_text(body.get_content())
            break
    return kept / "changelogs" / "AWSSupportServiceRolePolicy" / f"{TOLD.replace(' to ', '-')}.html", mail


if __name__ == "__main__":
    sys.exit(main())
