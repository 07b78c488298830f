from __future__ import annotations

import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import pytest_socket
from playwright.sync_api import Browser

from tests.browser import find_chromium

PLANTED = {"AWS_PROFILE": "x", "GF_SERVER_HTTP_PORT": "1", "XRAY_GRAFANA__AWS__REGION": "x", "NO_COLOR": "1"}


def test_the_environment_has_no_variable_that_would_change_a_result() -> None:
    foreign = [name for name in os.environ if name.startswith(("AWS_", "GF_", "XRAY_GRAFANA__")) or name in {"NO_COLOR", "FORCE_COLOR"}]
    assert foreign == []


@pytest.mark.parametrize(("options", "failures"), [([], 0), (["--noconftest"], 1)], ids=["with the conftest", "without it"])
def test_the_conftest_takes_the_variables_of_the_machine_away(options: list[str], failures: int, tmp_path: Path) -> None:
    test = f"{__file__}::test_the_environment_has_no_variable_that_would_change_a_result"
    command = [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inner'}", *options, test]
    done = subprocess.run(command, env=os.environ | PLANTED, capture_output=True, text=True, check=False)
    assert done.returncode == failures, done.stdout
    assert [name for name in PLANTED if name in done.stdout] == (list(PLANTED) if failures else []), done.stdout


def test_a_test_cannot_reach_the_network() -> None:
    with warnings.catch_warnings(action="ignore"), pytest.raises(pytest_socket.SocketBlockedError):
        socket.create_connection(("127.0.0.1", 9), timeout=1)


def test_without_a_chromium_a_browser_test_is_skipped_with_a_word() -> None:
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        find_chromium(lambda _: None, {})


def test_without_a_chromium_a_browser_test_fails_where_one_is_required() -> None:
    with pytest.raises(pytest.fail.Exception, match="XRAY_GRAFANA_REQUIRE_BROWSER"):
        find_chromium(lambda _: None, {"XRAY_GRAFANA_REQUIRE_BROWSER": "1"})


def test_the_first_chromium_on_the_path_is_taken() -> None:
    assert find_chromium({"google-chrome": "/opt/chrome"}.get, {}) == Path("/opt/chrome")


def test_the_browser_runs_a_page_from_disk(chromium: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """And who asks for the browser is marked, unasked."""
    file = tmp_path / "page.html"
    file.write_text("<p id=p></p><script>document.getElementById('p').textContent = String(6 * 7)</script>", encoding="utf-8")
    page = chromium.new_page()
    page.goto(file.as_uri())
    assert page.inner_text("#p") == "42"
    page.close()
    assert request.node.get_closest_marker("browser") is not None
