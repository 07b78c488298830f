"""The entry point: quick answers, exit codes, and streams that break."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from tests.cli.conftest import Run
from tests.cli.program import ROOT, run_program
from xray_grafana import __version__
from xray_grafana.cli import main as entry
from xray_grafana.cli.group import cli


def by_click(width: int) -> str:
    """What click prints for a plain group of the same commands, whose help it takes from themselves."""
    plain = click.Group(
        cli.name, commands=dict(cli.commands.items()), help=cli.help, params=cli.params, context_settings=cli.context_settings
    )
    with plain.make_context("xray-grafana", ["--nothing"], resilient_parsing=True, terminal_width=width) as context:
        return plain.get_help(context) + "\n"


def test_help_is_what_click_would_print_at_80_columns() -> None:
    """Byte for byte, and with it the table's words for a command are the command's own."""
    assert entry.help_text() == by_click(78)


def test_the_comparison_with_click_notices_another_width() -> None:
    assert entry.help_text() != by_click(50)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_goes_to_stdout(run: Run, arguments: list[str]) -> None:
    assert run(*arguments) == (0, entry.help_text(), "")


def test_without_a_command_the_same_help_goes_to_stderr_as_a_mistake_of_usage(run: Run) -> None:
    assert run() == (2, "", entry.help_text())


def test_version_names_program_and_version(run: Run) -> None:
    assert run("--version") == (0, f"xray-grafana, version {__version__}\n", "")


def test_click_says_the_same_version(run: Run) -> None:
    """Arguments that the table does not know go to click."""
    assert run("--version", "schema") == (0, f"xray-grafana, version {__version__}\n", "")


LISTING = """
import sys
from xray_grafana.cli.main import main
main({arguments!r})
print("\\n" + " ".join(sys.modules))
"""


def loaded_by(*arguments: str) -> set[str]:
    ran = subprocess.run([sys.executable, "-c", LISTING.format(arguments=arguments)], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], []])
def test_quick_answers_load_nothing_but_the_table(arguments: list[str]) -> None:
    """Not even click, and of the standard library nothing that Python does not load by itself."""
    bare = subprocess.run([sys.executable, "-c", "import sys; print(' '.join(sys.modules))"], capture_output=True, text=True, check=True)

    assert loaded_by(*arguments) - set(bare.stdout.split()) == {"__future__", "xray_grafana", "xray_grafana.cli", "xray_grafana.cli.main"}


def test_a_command_loads_more_and_the_list_shows_it() -> None:
    loaded = loaded_by("completion", "zsh")

    assert {"click", "xray_grafana.cli.completion"} <= loaded
    assert not {"xray_grafana.cli.generate", "pydantic", "yaml", "grafanalib", "jinja2"} & loaded


@pytest.mark.parametrize("command", sorted(entry.COMMANDS))
def test_help_of_a_command_loads_no_heavy_library(command: str) -> None:
    assert not {"pydantic", "yaml", "grafanalib", "jinja2"} & loaded_by(command, "--help")


def quickest(*command: str) -> float:
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        times.append(time.perf_counter() - begun)
    return min(times)


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_quick_answers_cost_at_most_three_times_a_bare_python(argument: str) -> None:
    """The quickest of fifteen runs each, so that a busy machine does not count."""
    assert quickest(sys.executable, "-m", "xray_grafana", argument) <= 3 * quickest(sys.executable, "-c", "pass")


def test_on_a_narrow_terminal_help_is_clicks_own() -> None:
    ran = run_program("--help", environ={"COLUMNS": "50"})

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == by_click(50)
    assert max(len(line) for line in ran.stdout.splitlines()) <= 50


def test_on_a_wide_terminal_help_stays_at_80_columns() -> None:
    assert run_program("--help", environ={"COLUMNS": "200"}).stdout == entry.help_text()


@pytest.mark.parametrize(("columns", "narrow"), [(60, True), (100, False)])
def test_the_width_of_the_terminal_itself_counts_where_no_variable_says(columns: int, *, narrow: bool) -> None:
    text, code = on_terminal(["--help"], {}, columns=columns)

    assert code == 0
    assert (text.replace("\r\n", "\n") == entry.help_text()) is not narrow


def on_terminal(arguments: list[str], environ: dict[str, str], *, columns: int = 100, cwd: Path = ROOT) -> tuple[str, int]:
    """What a terminal of that width shows, both streams, and the exit code."""
    leader, follower = pty.openpty()
    os.set_blocking(leader, True)
    subprocess.run(["stty", "cols", str(columns)], stdin=follower, check=True)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm", **environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "xray_grafana", *arguments], cwd=cwd, env=environ, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 65536):
            shown += chunk
    except OSError:  # Linux says EIO when the last writer is gone
        pass
    finally:
        os.close(leader)
    return shown.decode(), process.wait(timeout=60)


def test_colour_shows_on_a_terminal(work: Path) -> None:
    text, code = on_terminal(["generate", "--diff", "--set", "name=Other"], {}, cwd=work)

    assert code == 0
    assert "\x1b[32m+# Runbook: AWS X-Ray in Grafana for Other\x1b[0m" in text
    assert "\x1b[31m-# Runbook: AWS X-Ray in Grafana for Shop\x1b[0m" in text
    assert "\x1b[1m--- a/RUNBOOK.md\x1b[0m" in text


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_is_left_out_where_nobody_wants_it(work: Path, environ: dict[str, str]) -> None:
    text, code = on_terminal(["generate", "--diff", "--set", "name=Other"], environ, cwd=work)

    assert code == 0
    assert "+# Runbook: AWS X-Ray in Grafana for Other" in text
    assert "\x1b" not in text


def test_colour_is_left_out_in_a_pipe(work: Path) -> None:
    ran = run_program("generate", "--diff", "--set", "name=Other", cwd=work)

    assert "+# Runbook: AWS X-Ray in Grafana for Other" in ran.stdout
    assert "\x1b" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("environ", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}])
def test_a_stream_that_takes_ascii_only_gets_plain_characters(work: Path, environ: dict[str, str]) -> None:
    config = (work / "bundle.yaml").read_text(encoding="utf-8").replace("\nname: Shop ", "\nname: 名前 “x” ")
    (work / "other.yaml").write_text(config, encoding="utf-8")

    failed = run_program("generate", "--set", "aws.account=1", cwd=work, environ=environ)
    shown = run_program("generate", "--diff", "-c", "other.yaml", cwd=work, environ=environ)

    assert failed.returncode == 2
    assert "--set aws.account: got " in failed.stderr
    assert " - expected an AWS account id" in failed.stderr
    assert shown.returncode == 0
    assert '+# Runbook: AWS X-Ray in Grafana for \\u540d\\u524d "x"' in shown.stdout
    assert "Traceback" not in failed.stderr + shown.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["schema"]])
def test_a_closed_stdout_is_no_fault(arguments: list[str]) -> None:
    ran = run_program(*arguments, shell_suffix=">&-")

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("arguments", [[], ["schema", "--wrong"], ["generate", "-c", "missing.yaml"]])
def test_a_closed_stderr_is_no_fault(arguments: list[str]) -> None:
    ran = run_program(*arguments, shell_suffix="2>&-")

    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "")


@pytest.mark.parametrize("arguments", [["--help"], ["schema"]])
def test_a_full_stdout_is_an_error_to_read(arguments: list[str]) -> None:
    ran = run_program(*arguments, shell_suffix=">/dev/full")

    assert (ran.returncode, ran.stderr) == (1, "error: standard output: cannot be written: No space left on device\n")


@pytest.mark.parametrize("arguments", [["--help"], ["schema"]])
def test_a_reader_that_went_away_ends_the_program_quietly(arguments: list[str]) -> None:
    ran = run_program(*arguments, shell_suffix="| true; exit ${PIPESTATUS[0]}")

    assert (ran.returncode, ran.stdout, ran.stderr) in {(141, "", ""), (0, "", "")}, "0 where all was written before the reader went"


def test_a_reader_that_went_away_before_anything_was_written_is_told_by_the_exit_code() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run([sys.executable, "-m", "xray_grafana", "schema"], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    assert (process.returncode, process.stderr) == (141, b"")


def test_an_interrupt_is_one_word() -> None:
    """Control-C in a terminal sends SIGINT; here the program sends it to itself, by the first module that a command imports."""
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def hook(event, arguments):\n"
        "    if event == 'import' and arguments[0] == 'pydantic':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.addaudithook(hook)\n"
        "from xray_grafana.cli.main import main\n"
        "sys.exit(main(['schema']))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "interrupted\n")


def test_a_fault_of_the_program_shows_its_traceback_and_asks_for_a_report() -> None:
    """Planted: the schema module is not there."""
    code = (
        "import sys\nsys.modules['xray_grafana.config.schema'] = None\nfrom xray_grafana.cli.main import main\nsys.exit(main(['schema']))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("Traceback (most recent call last):")
    assert ran.stderr.splitlines()[-1] == f"error: this is a fault of xray-grafana {__version__}, please report it with the lines above"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generat"], "No such command 'generat'. Did you mean 'generate'?"),
        (["--wrong"], "No such option '--wrong'"),
        (["generate", "--wrong"], "No such option '--wrong'"),
        (["completion"], "Missing argument '{bash|fish|zsh}'"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash', 'fish', 'zsh'"),
        (["check", "--format", "xml"], "'xml' is not one of 'text', 'json', 'github'"),
    ],
)
def test_a_mistake_of_usage_is_explained_with_exit_code_2(run: Run, arguments: list[str], message: str) -> None:
    ran = run(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_the_console_script_is_the_same_program() -> None:
    ran = subprocess.run([Path(sys.executable).with_name("xray-grafana"), "--version"], capture_output=True, text=True, check=True)

    assert ran.stdout == f"xray-grafana, version {__version__}\n"


def test_schema_prints_a_json_schema(run: Run) -> None:
    ran = run("schema")

    schema = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "aws" in schema["properties"]


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_completion_prints_a_script_for_the_shell(run: Run, shell: str) -> None:
    ran = run("completion", shell)

    assert (ran.code, ran.err) == (0, "")
    assert f"_XRAY_GRAFANA_COMPLETE={shell}_complete" in ran.out


def test_completion_in_bash_offers_commands_and_options() -> None:
    """What the script of bash asks the program."""
    commands = run_program(environ={"_XRAY_GRAFANA_COMPLETE": "bash_complete", "COMP_WORDS": "xray-grafana ", "COMP_CWORD": "1"})
    options = run_program(environ={"_XRAY_GRAFANA_COMPLETE": "bash_complete", "COMP_WORDS": "xray-grafana check --l", "COMP_CWORD": "2"})

    names = ("alb", "check", "completion", "generate", "init", "sandbox", "schema", "trace")
    assert commands.stdout.split() == [f"plain,{name}" for name in names]
    assert options.stdout.split() == ["plain,--list-rules"]
