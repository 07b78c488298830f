"""What every test may count on: a clean environment, golden files, and a browser where there is one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import ARGUMENTS, find_chromium
from tests.goldens import UPDATE_OPTION, Golden

GOLDEN_ROOT = Path(__file__).with_name("golden")
FOREIGN_PREFIXES = ("AWS_", "GF_", "XRAY_GRAFANA__")
FOREIGN_NAMES = ("CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PY_COLORS")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(UPDATE_OPTION, action="store_true", help="write what was made over the golden files instead of comparing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for the browser is marked `browser`, so that `-m 'not browser'` needs no care in the tests."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> Iterator[None]:
    """No variable of the machine that this program, an AWS SDK, Grafana or a terminal library would obey."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(FOREIGN_PREFIXES) or name in FOREIGN_NAMES:
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True, scope="session")
def heard_interrupts() -> None:
    """Programs that tests interrupt take it: a shell has what it starts in the background ignore SIGINT, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden.check(name, files)` compares with `tests/golden/<name>/`."""
    return Golden(GOLDEN_ROOT, update=request.config.getoption(UPDATE_OPTION))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without windows; open pages with `chromium.new_page()` and close them."""
    executable = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()
