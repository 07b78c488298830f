"""`.ci/run` in a folder of fake programs: what it calls, what it tells the tests, and when it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("bash", "dirname", "mktemp", "rm", "tail")
# Records each call and the variable that the browser fixture obeys; fails for the words in $FAILING.
MAKE = """#!/usr/bin/env bash
echo "$* browser=${XRAY_GRAFANA_REQUIRE_BROWSER:-}" >>"$CALLS"
[[ " $FAILING " != *" ${*: -1} "* ]]
"""
IS_ROOT = os.geteuid() == 0

Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the script where only NEEDED, a fake `make` and the given fake programs are found; gives its exit code and make's calls."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in (*NEEDED, "env"):
        (programs / name).symlink_to(shutil.which(name) or name)

    def start(fakes: Mapping[str, str], failing: str = "", **environ: str) -> tuple[int, list[str]]:
        for name, source in {"make": MAKE, **fakes}.items():
            (programs / name).write_text(source, encoding="utf-8")
            (programs / name).chmod(0o755)
        calls = tmp_path / "calls"
        environment = {"PATH": str(programs), "CALLS": str(calls), "FAILING": failing, **environ}
        done = subprocess.run([ROOT / ".ci" / "run"], env=environment, capture_output=True, check=False)
        return done.returncode, calls.read_text(encoding="utf-8").splitlines()

    return start


FOUND = {"chromium": "#!/usr/bin/env bash\n"}
BROKEN_APT = {"apt-get": "#!/usr/bin/env bash\nexit 100\n"}
GOOD_APT = {"apt-get": '#!/usr/bin/env bash\n[[ $* == *install* ]] || exit 0\ncd "${PATH%%:*}"; echo >chromium; exec bash -c "$CHMOD"\n'}


def _calls(browser: str) -> list[str]:
    return [f"--silent {word} browser={browser}" for word in ("env", "check", "test")]


def test_with_a_chromium_its_tests_are_required(run: Run) -> None:
    assert run(FOUND) == (0, _calls("1"))


def test_with_neither_a_chromium_nor_a_way_to_it_its_tests_may_be_skipped(run: Run) -> None:
    assert run({}, CI="true") == (0, _calls(""))


@pytest.mark.skipif(not IS_ROOT, reason="only root may install a package")
def test_a_chromium_that_was_installed_is_required(run: Run) -> None:
    chmod = shutil.which("chmod")
    assert run(GOOD_APT, CHMOD=f"{chmod} +x chromium") == (0, _calls("1"))


@pytest.mark.skipif(not IS_ROOT, reason="only root may install a package")
@pytest.mark.parametrize(("environ", "browser"), [({}, ""), ({"CI": "true"}, "1")], ids=["at home", "in CI"])
def test_a_chromium_that_could_not_be_installed_is_missed_in_ci_only(run: Run, environ: dict[str, str], browser: str) -> None:
    assert run(BROKEN_APT, **environ) == (0, _calls(browser))


@pytest.mark.parametrize("failing", ["check", "test", "check test"])
def test_any_failure_fails_the_run_and_both_are_run(run: Run, failing: str) -> None:
    assert run(FOUND, failing) == (1, _calls("1"))


def test_without_an_environment_nothing_else_is_tried(run: Run) -> None:
    code, calls = run(FOUND, "env")
    assert (code != 0, calls) == (True, _calls("1")[:1])
