"""The pictures of the documentation, taken from the example's preview page with the machine's Chromium.

python docs/pictures.py            writes docs/pictures/*.png
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.render import render
from xray_grafana.config import parse_config
from xray_grafana.config.example import example_text

FOLDER: Final = Path(__file__).resolve().with_name("pictures")
WIDTH: Final = 1280
# Name of the picture, what stands at its top, and its height in pixels.
PICTURES: Final = (
    ("preview.png", ".overview", 700),
    ("overview.png", "#board-xray-home", 900),
    ("service.png", "#board-xray-service", 900),
)
_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")


def take(page_file: Path, folder: Path, executable: str) -> None:
    """Write every picture of a preview page into a folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="dark")
        for name, anchor, height in PICTURES:
            page.set_viewport_size({"width": WIDTH, "height": height})
            page.goto(page_file.as_uri())
            page.locator(anchor).evaluate("element => element.scrollIntoView({block: 'start', behavior: 'instant'})")
            page.screenshot(path=folder / name)
        browser.close()


def main() -> None:
    """Render the example and take its pictures."""
    executable = next((path for program in _PROGRAMS if (path := shutil.which(program))), None)
    if executable is None:
        raise SystemExit(f"no Chromium on this machine (looked for {', '.join(_PROGRAMS)}); on Debian: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        page_file = Path(scratch) / "preview.html"
        page_file.write_bytes(render(build_bundle(parse_config(example_text(), "bundle.yaml"))["preview.html"]))
        take(page_file, FOLDER, executable)


if __name__ == "__main__":
    main()
