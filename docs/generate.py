"""The parts of the documentation that the program itself knows, put between markers in the Markdown pages.

    python docs/generate.py            writes them
    python docs/generate.py --check    writes nothing; exit 3 and a unified diff when a page is stale

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. Everything outside the markers is written by hand and stays as it is.
Exit 1 for a marker without a part, a part without a marker, or a marker that is not closed.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import click

import xray_grafana
from docs.deploy import deploy_files, deploy_names, foreign_rules
from docs.markdown import cell, code, number, table
from docs.sandbox import sandbox_coverage
from docs.shipper import log_objects, loki_answers, object_log_line
from xray_grafana.bundle.artifact import Bundle
from xray_grafana.bundle.build import build_bundle
from xray_grafana.checks import RULES
from xray_grafana.cli.group import cli
from xray_grafana.config import parse_config
from xray_grafana.config.example import example_text
from xray_grafana.config.reference import reference_rows
from xray_grafana.config.types import duration_seconds
from xray_grafana.dashboards import cost
from xray_grafana.dashboards.alert_guide import GUIDES, Guide
from xray_grafana.dashboards.registry import BOARDS
from xray_grafana.errors import XRayGrafanaError

ROOT: Final = Path(__file__).resolve().parents[1]
DIFFERS: Final = 3

# Boards are described with everything on; what a load and the alerts cost is counted for the example as it stands, plus the optional board.
_EVERYTHING: Final = ("xray.application_signals=true", "cloudwatch.enabled=true")
_ALERT_SERVICE: Final = "cart"
_CLONE: Final = "/home/you/xray-grafana"
_RULE_FAMILIES: Final = {
    "1": "X-Ray queries",
    "2": "Boards",
    "3": "Data sources and correlations",
    "4": "Alert rules",
    "5": "LogQL",
    "6": "Secrets and config",
}
_MARKED: Final = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_OPENING: Final = re.compile(r"<!-- generated: ")
_NEW_FILE: Final = re.compile(r"  new +([^/ ]+)/")
_SHOWN_FILES: Final = 2


class StaleMarkersError(Exception):
    """Markers and parts do not fit each other."""


def pages(root: Path) -> list[Path]:
    """Every page that may hold generated parts."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def render(text: str, parts: Mapping[str, Callable[[], str]], page: str) -> str:
    """A page with its parts made anew. Raises StaleMarkersError for a marker that names no part or is not closed."""
    if len(_OPENING.findall(text)) != len(_MARKED.findall(text)):
        raise StaleMarkersError(f"{page}: a marker is not closed with <!-- end -->")

    def part(match: re.Match[str]) -> str:
        if match[2] not in parts:
            raise StaleMarkersError(f"{page}: no part is named {match[2]}; there are {', '.join(sorted(parts))}")
        return f"{match[1]}{parts[match[2]]().strip()}\n{match[4]}"

    return _MARKED.sub(part, text)


def unused(texts: Iterable[str], parts: Iterable[str]) -> list[str]:
    """Parts that no page shows."""
    shown = {match[2] for text in texts for match in _MARKED.finditer(text)}
    return sorted(set(parts) - shown)


def main(arguments: Sequence[str], *, root: Path = ROOT) -> int:
    """Write or check the pages of a tree; returns the exit code."""
    parser = argparse.ArgumentParser(prog="docs/generate.py", description="Make the generated parts of the documentation anew.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 3 with a diff when a page is stale")
    check = parser.parse_args(arguments).check
    old = {page: page.read_text(encoding="utf-8") for page in pages(root)}
    try:
        new = {page: render(text, PARTS, page.relative_to(root).as_posix()) for page, text in old.items()}
    except StaleMarkersError as error:
        print(error, file=sys.stderr)
        return 1
    if left := unused(old.values(), PARTS):
        print(f"no page shows {', '.join(left)}", file=sys.stderr)
        return 1
    stale = [page for page in old if old[page] != new[page]]
    for page in stale:
        name = page.relative_to(root).as_posix()
        if check:
            lines = old[page].splitlines(keepends=True), new[page].splitlines(keepends=True)
            sys.stdout.writelines(difflib.unified_diff(*lines, f"a/{name}", f"b/{name}"))
        else:
            page.write_text(new[page], encoding="utf-8")
            print(f"wrote {name}")
    return DIFFERS if check and stale else 0


@cache
def _bundle(*overrides: str) -> Bundle:
    return build_bundle(parse_config(example_text(), "bundle.yaml", overrides=overrides))


def _board(suffix: str) -> dict[str, Any]:
    return _bundle(*_EVERYTHING)[f"dashboards/{suffix}.json"].document


def config_keys() -> str:
    """A table for each section of the config, in the order of the file."""
    sections: dict[str, list[tuple[str, ...]]] = {}
    for row in reference_rows():
        section, _, name = row.key.rpartition(".")
        sections.setdefault(section, []).append((code(name), cell(row.type), _default(row.default), cell(row.description)))
    return "\n\n".join(
        f"{_heading(section)}\n\n{table(('Key', 'Takes', 'Default', 'Meaning'), rows)}" for section, rows in sections.items()
    )


def _heading(section: str) -> str:
    return f"### `{section}`" if section else "### Top level"


def _default(default: str) -> str:
    return "**required**" if default == "required" else code(default)


def run_cli(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The installed command, at 100 columns, without the environment of whoever runs this."""
    program = Path(sys.executable).with_name("xray-grafana")
    environ = {"PATH": os.environ.get("PATH", ""), "COLUMNS": "100", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
    return subprocess.run([str(program), *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S603


def commands() -> dict[str, click.Command]:
    """Every command by what is typed for it, the program itself first, and each group before its own."""
    return dict(_commands("xray-grafana", cli))


def _commands(typed: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield typed, command
    if isinstance(command, click.Group):
        for name, each in sorted(command.commands.items()):
            yield from _commands(f"{typed} {name}", each)


def cli_help() -> str:
    """What `--help` prints, for every command."""
    return "\n\n".join(f"## `{typed}`\n\n```text\n{run_cli(*typed.split()[1:], '--help').stdout.rstrip()}\n```" for typed in commands())


def bundle_output() -> str:
    """What `make bundle` prints in a fresh clone; of each folder with many files only the first ones."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        (folder / "bundle.yaml").write_text(example_text(), encoding="utf-8")
        shown = run_cli("generate", "-c", "bundle.yaml", "-o", "build/bundle", folder=folder).stdout
    return f"```text\n$ make bundle\n{abridged(shown.replace(str(folder), _CLONE)).rstrip()}\n```"


def abridged(shown: str) -> str:
    """A list of new files with the first few of each top folder; a line tells how many more there are."""
    lines: list[str] = []
    for part, group in groupby(shown.splitlines(), key=_new_file_in):
        found = list(group)
        lines += found if part is None or len(found) <= _SHOWN_FILES + 1 else found[:_SHOWN_FILES]
        if part is not None and len(found) > _SHOWN_FILES + 1:
            lines.append(f"  …           {len(found) - _SHOWN_FILES} more in {part}/")
    return "\n".join(lines)


def _new_file_in(line: str) -> str | None:
    """The top folder of the file that a line lists as new."""
    match = _NEW_FILE.match(line)
    return match[1] if match else None


def config_error() -> str:
    """What a config with mistakes prints."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "docs/examples/mistakes.yaml", Path(folder) / "bundle.yaml")
        done = run_cli("generate", folder=Path(folder))
    return f"```text\n$ xray-grafana generate\n{done.stderr.rstrip()}\n$ echo $?\n{done.returncode}\n```"


def fallen_rules() -> str:
    """What is said when a service was taken out of the config."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "bundle.yaml"
        config.write_text(example_text(), encoding="utf-8")
        run_cli("generate", folder=Path(folder))
        config.write_text(example_text().replace(f"  - name: {_ALERT_SERVICE}\n", ""), encoding="utf-8")
        done = run_cli("generate", folder=Path(folder))
    return f"```text\n{done.stderr.rstrip()}\n```"


def foreign_findings() -> str:
    """What is said of the files of a walkthrough."""
    typed, done = _on_walkthrough()
    return f"```text\n{typed}\n{done.stdout.rstrip()}\n{done.stderr.rstrip()}\n$ echo $?\n{done.returncode}\n```"


def foreign_fix() -> str:
    """How `--fix` mends them: the diff, without the findings that are left."""
    typed, done = _on_walkthrough("--fix")
    diff = re.split(r"^(?:error|warning) XF", done.stdout, maxsplit=1, flags=re.MULTILINE)[0]
    return f"```text\n{typed}\n{diff.rstrip()}\n…\n{done.stderr.rstrip()}\n```"


def _on_walkthrough(*options: str) -> tuple[str, subprocess.CompletedProcess[str]]:
    """What is typed, and what it gives, on a copy of the files."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(shutil.copytree(ROOT / "docs/examples/walkthrough", Path(scratch) / "walkthrough"))
        arguments = ("check", *options, *sorted(path.name for path in folder.iterdir()))
        return f"$ xray-grafana {' '.join(arguments)}", run_cli(*arguments, folder=folder)


def rules() -> str:
    """Every rule of `xray-grafana check`, by family."""
    families: dict[str, list[tuple[str, ...]]] = {}
    for rule in RULES:
        families.setdefault(rule.id[2], []).append((code(rule.id), cell(rule.title), cell(rule.reason)))
    return "\n\n".join(
        f"## XG{digit}xx {_RULE_FAMILIES[digit]}\n\n{table(('Rule', 'Says', 'Otherwise'), rows)}" for digit, rows in families.items()
    )


def error_classes() -> list[type[XRayGrafanaError]]:
    """Every error class of the package, by module and name; the private ones are details of their module."""
    for module in pkgutil.walk_packages(xray_grafana.__path__, "xray_grafana."):
        import_module(module.name)
    found = {XRayGrafanaError}
    while more := {child for parent in found for child in parent.__subclasses__()} - found:
        found |= more
    return sorted((each for each in found if not each.__name__.startswith("_")), key=lambda each: (each.__module__, each.__name__))


def errors() -> str:
    """Every error with its exit code and what it says of itself."""
    rows = [
        (
            code(each.__name__),
            code(_parent(each)),
            str(each.exit_code),
            code(each.__module__),
            cell(inspect.cleandoc(each.__doc__ or "")),
        )
        for each in error_classes()
    ]
    return table(("Error", "Is a", "Exit code", "Where", "When"), rows)


def _parent(error: type[XRayGrafanaError]) -> str:
    return error.__bases__[0].__name__


def boards() -> str:
    """Every board: its question and its panels."""
    return "\n\n".join(
        f"## {entry.title}\n\nuid `<prefix>-{entry.suffix}`, file `dashboards/{entry.suffix}.json`. **{entry.answers}**\n\n"
        + table(("Panel", "Drawn as", "Row", "Description"), _panels(_board(entry.suffix)["panels"], ""))
        for entry in BOARDS
    )


def _panels(panels: Sequence[dict[str, Any]], row: str) -> Iterator[tuple[str, ...]]:
    for panel in panels:
        if panel["type"] == "row":
            row = panel["title"].partition(" (")[0]
            yield from _panels(panel["panels"], row)
        else:
            yield cell(panel["title"]), panel["type"], cell(row), cell(panel["description"])


def board_cost() -> str:
    """What each board asks of AWS; G stands for the number of X-Ray groups in the account."""
    rows = []
    for entry in BOARDS:
        load, opened = cost.load_cost(_board(entry.suffix), 0), cost.opened_cost(_board(entry.suffix), 0)
        per_group = cost.load_cost(_board(entry.suffix), 1).calls - load.calls
        more = " + G" if per_group else ""
        operations = ", ".join(f"{count} {name}" for name, count in sorted(load.operations.items()) if count)
        insights = ", G GetInsightSummaries" if per_group else ""
        cells = (f"{load.calls}{more}", f"{opened.calls}{more}", number(load.traces), number(opened.traces))
        rows.append((entry.title, *cells, (operations + insights) or "none"))
    return table(("Board", "Calls on load", "Every row opened", "Traces on load", "Traces, rows opened", "Which calls, on load"), rows)


def alert_rules() -> list[dict[str, Any]]:
    """Every alert rule of the example."""
    documents = [artifact.document for artifact in _bundle() if artifact.path.startswith("provisioning/alerting/")]
    return [rule | {"interval": group["interval"]} for document in documents for group in document["groups"] for rule in group["rules"]]


def alerts() -> str:
    """Each kind of alert, by the rule that the example has of it."""
    return "\n\n".join(_alert(guide) for guide in GUIDES)


def _alert(guide: Guide) -> str:
    of_kind = [rule for rule in alert_rules() if rule["title"].startswith(guide.title)]
    rule = next((rule for rule in of_kind if rule["labels"].get("service") == _ALERT_SERVICE), of_kind[0])
    facts = table(
        ("Watches", "Severity", "Evaluated", "For", "noDataState", "execErrState"),
        [(guide.of, rule["labels"]["severity"], f"every {rule['interval']}", rule["for"], rule["noDataState"], rule["execErrState"])],
    )
    steps = table(("Step", "Is"), [(code(item["refId"]), _step(item)) for item in rule["data"]])
    return f"## {guide.title}\n\n{guide.meaning} {guide.action}\n\n{facts}\n\n`{rule['title']}` of the example:\n\n{steps}"


def _step(item: dict[str, Any]) -> str:
    model = item["model"]
    match model.get("type"):
        case "reduce":
            return f"{model['reducer']} of {code(model['expression'])}"
        case "math":
            return code(model["expression"])
        case "threshold":
            evaluator = model["conditions"][0]["evaluator"]
            sign = {"gt": ">", "lt": "<"}[evaluator["type"]]
            return code(f"{model['expression']} {sign} {evaluator['params'][0]:g}")
    if "expr" in model:
        return code(model["expr"])
    window = item["relativeTimeRange"]
    asked = code(model["query"]) if model["query"] else "every edge of the source"
    return f"{code(model['columns'][0])} of {asked}, from {_ago(window['from'])} to {_ago(window['to'])} ago"


def _ago(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes or not hours))


def alert_cost() -> str:
    """How many X-Ray calls the rules of the example make."""
    rows = []
    total = 0
    for guide in GUIDES:
        of_kind = [rule for rule in alert_rules() if rule["title"].startswith(guide.title)]
        queries = [sum("columns" in item["model"] for item in rule["data"]) for rule in of_kind]
        each = [count * 3600 // duration_seconds(rule["interval"]) for count, rule in zip(queries, of_kind, strict=True)]
        total += sum(each)
        rows.append((guide.title, str(len(of_kind)), str(queries[0]), number(sum(each))))
    rows.append(("**All**", f"**{len(alert_rules())}**", "", f"**{number(total)}**"))
    return table(("Kind", "Rules", "X-Ray calls an evaluation", "X-Ray calls an hour"), rows)


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    name: cache(part)
    for name, part in {
        "alert-cost": alert_cost,
        "alerts": alerts,
        "board-cost": board_cost,
        "boards": boards,
        "bundle-output": bundle_output,
        "cli-help": cli_help,
        "config-error": config_error,
        "config-keys": config_keys,
        "deploy-files": deploy_files,
        "deploy-names": deploy_names,
        "errors": errors,
        "fallen-rules": fallen_rules,
        "foreign-findings": foreign_findings,
        "foreign-fix": foreign_fix,
        "foreign-rules": foreign_rules,
        "log-objects": log_objects,
        "loki-answers": loki_answers,
        "sandbox-coverage": sandbox_coverage,
        "object-log-line": object_log_line,
        "rules": rules,
    }.items()
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
