"""The documentation names all there is, and nothing that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click
import pytest

from docs.generate import commands, error_classes
from tests.docs.pages import DOCS, ROOT, all_blocks, without_blocks
from xray_grafana.checks import RULES
from xray_grafana.checks.foreign import FOREIGN_RULES
from xray_grafana.config.reference import reference_rows
from xray_grafana.dashboards.registry import BOARDS

REFERENCE = ROOT / "docs/reference"
SECTIONS = sorted({re.split(r"\[|\.", row.key)[0] for row in reference_rows() if "." in row.key})
KEY = re.compile(rf"(?<![\w./-])((?:{'|'.join(SECTIONS)})(?:\[\])?(?:\.[a-z_0-9]+(?:\[\])?)+)(?![\w./(*])")
# Written like a key and none: hosts and files of those names.
NOT_KEYS = {"aws.account_id", "aws.amazon.com", "demo.example.net", "demo.md", "xray.amazonaws.com"}
# Errors of others: of the X-Ray SDK for Ruby, and of ECS.
NOT_ERRORS = {"InvalidDaemonAddressError", "ResourceInitializationError"}


def read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def prose() -> str:
    """All pages but the blocks that the program printed itself."""
    return "\n".join(without_blocks(page.read_text(encoding="utf-8"), "text") for page in DOCS)


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    (body,) = re.findall(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(body)


def keys() -> set[str]:
    return {row.key for row in reference_rows()}


def plain(key: str) -> str:
    """A key without the marks of list entries, numbers included: `services.0.name` and `services[].name` are `services.name`."""
    return re.sub(r"\[\]|\.\d+", "", key)


def unknown_keys(text: str) -> list[str]:
    known = {plain(key) for key in keys()}
    return sorted({key for key in KEY.findall(text) if plain(key) not in known and key not in NOT_KEYS})


def options() -> dict[str, set[str]]:
    """The long and short options of each command."""
    return {
        typed: {
            option
            for parameter in command.params
            if parameter.param_type_name == "option"
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        for typed, command in commands().items()
    }


def unknown_commands(lines: Iterable[str]) -> list[str]:
    """Calls of the program with a command or an option that it does not have."""
    known = options()
    groups = {typed for typed, command in commands().items() if isinstance(command, click.Group)}
    wrong = []
    for line in lines:
        for words, rest in re.findall(r"\b(xray-grafana(?: [a-z]+)*)(?= |`|$)([^`|&;#\n]*)", line):
            typed = max((each for each in known if f"{words} ".startswith(f"{each} ")), key=len)
            used = {option.partition("=")[0] for option in re.findall(r"(?<= )--?[a-z][a-z-]*(?:=\S*)?", rest)}
            if (typed in groups and typed != words) or used - known[typed] - {"--help", "-h", "--version"}:
                wrong.append((words + rest).strip())
    return wrong


def calls() -> list[str]:
    """Every line of a block, and every code span, that calls the program."""
    spans = re.findall(r"`(xray-grafana [^`\n]+)`", prose())
    typed = [
        line.strip().removeprefix("$ ")
        for language in ("sh", "text", "yaml")
        for block in all_blocks(language)
        for line in block.body.splitlines()
    ]
    return [*spans, *(line.removeprefix("- run: ") for line in typed if line.removeprefix("- run: ").startswith("xray-grafana "))]


def test_every_config_key_is_in_the_reference_under_its_section() -> None:
    text = read("config.md")
    for row in reference_rows():
        parent, _, name = row.key.rpartition(".")
        assert f"| `{name}` |" in section(text, f"### `{parent}`" if parent else "### Top level"), row.key


def test_no_page_names_a_config_key_that_does_not_exist() -> None:
    assert unknown_keys(prose()) == []


@pytest.mark.parametrize(
    "text", ["`alerts.fault_rate`", "set `xray.source[].uid`", "--set grafana.foldr=Ops", "`services[].alert.enabled`"]
)
def test_a_config_key_that_does_not_exist_is_found(text: str) -> None:
    assert len(unknown_keys(text)) == 1


def test_every_command_and_option_is_in_the_reference_under_its_command() -> None:
    text = read("cli.md")
    for typed, known in options().items():
        body = section(text, f"## `{typed}`")
        assert [option for option in sorted(known) if option not in body] == [], typed


def test_every_argument_of_a_command_is_shown_in_its_usage() -> None:
    text = read("cli.md")
    for typed, command in commands().items():
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                usage = parameter.make_metavar(click.Context(command))
                assert usage in section(text, f"## `{typed}`"), (typed, parameter.name)


def test_the_reference_has_no_command_that_does_not_exist() -> None:
    assert set(re.findall(r"^## `(xray-grafana[^`]*)`$", read("cli.md"), re.MULTILINE)) == set(commands())


def test_calls_in_the_docs_use_commands_and_options_that_exist() -> None:
    found = calls()
    assert len(found) > 20
    assert unknown_commands(found) == []


@pytest.mark.parametrize(
    "line",
    [
        "xray-grafana generat -c a",
        "xray-grafana generate --chek",
        "xray-grafana push",
        "xray-grafana check -z",
        "xray-grafana alb reprot",
        "xray-grafana alb report --fro 6h",
    ],
)
def test_a_call_that_cannot_work_is_found(line: str) -> None:
    assert unknown_commands([line]) == [line]


def test_exit_codes_are_those_of_the_errors_and_of_differences() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", section(read("cli.md"), "## Exit codes"), re.MULTILINE)}
    assert listed == {0, 1, 2, 3, 130, 141}
    assert {error.exit_code for error in error_classes()} == {1, 2}


def test_every_error_class_and_no_other_is_in_the_reference() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", read("errors.md"), re.MULTILINE)) == {error.__name__ for error in error_classes()}


def test_no_page_names_an_error_class_that_does_not_exist() -> None:
    named = set(re.findall(r"`(\w+Error)`", prose()))
    assert named - NOT_ERRORS <= {error.__name__ for error in error_classes()}


def test_every_rule_and_no_other_is_in_the_reference() -> None:
    assert re.findall(r"^\| `(XG\d{3})` \|", read("rules.md"), re.MULTILINE) == [rule.id for rule in RULES]


def test_no_page_names_a_rule_that_does_not_exist() -> None:
    known = {rule.id for rule in RULES} | {rule.id for rule in FOREIGN_RULES}
    named = set(re.findall(r"\bX[FG]\d{3}\b", prose()))
    assert {"XF110", "XG101"} <= named
    assert named <= known


def test_every_board_and_no_other_is_in_the_reference() -> None:
    found = re.findall(r"^## (.+)\n\nuid `<prefix>-([a-z]+)`, file `dashboards/([a-z]+)\.json`", read("boards.md"), re.MULTILINE)
    assert found == [(entry.title, entry.suffix, entry.suffix) for entry in BOARDS]


def test_no_page_names_a_board_that_does_not_exist() -> None:
    titles = {entry.title for entry in BOARDS}
    named = re.findall(r"\*((?:X-Ray|ALB) / [^*\n]+)\*", prose())
    assert named
    assert set(named) <= titles
    files = set(re.findall(r"dashboards/([a-z]+)\.(?:json|dashboard\.py)", prose()))
    assert files <= {entry.suffix for entry in BOARDS}


@pytest.mark.parametrize("suffix", [entry.suffix for entry in BOARDS])
def test_every_board_has_its_cost(suffix: str) -> None:
    (title,) = [entry.title for entry in BOARDS if entry.suffix == suffix]
    assert f"| {title} |" in section(read("boards.md"), "## What a board costs")
