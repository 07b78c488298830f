"""A real browser for tests: the system's Chromium, driven by Playwright; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRE = "XRAY_GRAFANA_REQUIRE_BROWSER"
# Quiet and self-contained: without these Chromium asks its maker for components and account data.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium(which: Callable[[str], str | None] = shutil.which, environ: Mapping[str, str] = os.environ) -> Path:
    """The Chromium on this machine. Without one the test is skipped, or fails where `XRAY_GRAFANA_REQUIRE_BROWSER` is set."""
    for program in PROGRAMS:
        if path := which(program):
            return Path(path)
    missing = f"no Chromium on this machine (looked for {', '.join(PROGRAMS)}); on Debian: apt-get install chromium"
    if environ.get(REQUIRE):
        pytest.fail(f"{missing}; {REQUIRE} says there must be one")
    pytest.skip(missing)
