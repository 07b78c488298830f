"""`xray-grafana generate`: config to bundle to folder, or the comparison of the two."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from xray_grafana.cli.findings import as_data
from xray_grafana.cli.options import FOLDER, config_of, config_options
from xray_grafana.cli.output import Style, counted, note, noted, said, say
from xray_grafana.errors import UsageError, XRayGrafanaError

if TYPE_CHECKING:
    from xray_grafana.bundle.artifact import Bundle
    from xray_grafana.bundle.files import Differences, Summary
    from xray_grafana.config.models import Config

_DIFFERS: Final = 3


@click.command("generate")
@click.argument("parts", metavar="[PART]...", nargs=-1)
@config_options
@click.option("-o", "--output", type=FOLDER, default="out", show_default=True, help="The folder to write.")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 and show the differences if the folder does not hold the bundle.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would be changed.")
@click.option("--force", is_flag=True, help="Overwrite files edited by hand, and remove unknown files from the bundle's own folders.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    parts: tuple[str, ...], config_file: Path, overrides: tuple[str, ...], output: Path, check: bool, diff: bool, force: bool, as_json: bool
) -> int:
    """Write the bundle, or compare it with what is there.

    PART is a folder or file at the top of the bundle, such as dashboards or RUNBOOK.md; without any, the whole bundle is written.
    Files that were edited by hand are never overwritten without --force, and unknown files are never removed without it.
    """
    try:
        return _generate(parts, config_file, overrides, output, check=check, diff=diff, force=force, as_json=as_json)
    except XRayGrafanaError as error:
        if as_json:
            _say_json({"output": str(output), **as_data(error)})
        raise


def _generate(
    parts: tuple[str, ...],
    config_file: Path,
    overrides: tuple[str, ...],
    output: Path,
    *,
    check: bool,
    diff: bool,
    force: bool,
    as_json: bool,
) -> int:
    if check + diff + force > 1:
        raise UsageError("--check, --diff and --force exclude each other", hint="--check and --diff write nothing")
    from xray_grafana.bundle.build import PART_NAMES, build_bundle
    from xray_grafana.bundle.files import differences, plan_write, write
    from xray_grafana.bundle.render import render_bundle
    from xray_grafana.cli.fallen_rules import fallen_rules

    parts = tuple(dict.fromkeys(part.rstrip("/") for part in parts))
    _refuse_unknown_parts(parts, PART_NAMES)
    config = config_of(config_file, overrides)
    bundle = build_bundle(config, parts or PART_NAMES)
    _refuse_empty_parts(parts, bundle)
    files = render_bundle(bundle)
    wanted = parts or None
    plan = plan_write(files, output, wanted)
    fallen = fallen_rules(plan.old, files, bundle)
    if check or diff:
        found = differences(plan)
        _show_differences(found, output, fallen, as_json=as_json)
        code = _DIFFERS if check and not found.is_empty else 0
    else:
        summary = write(files, output, wanted, force=force)
        _show_summary(summary, files, output, fallen, as_json=as_json)
        code = 0
    _warn_of_fallen_rules(config, config_file, fallen)
    return code


def _refuse_unknown_parts(parts: tuple[str, ...], known: tuple[str, ...]) -> None:
    from difflib import get_close_matches

    for part in parts:
        if part not in known:
            near = get_close_matches(part, known, n=1)
            suggestion = f"did you mean {near[0]}? " if near else ""
            raise UsageError(f"the bundle has no part {part!r}", hint=f"{suggestion}Parts: {', '.join(known)}")


def _refuse_empty_parts(parts: tuple[str, ...], bundle: Bundle) -> None:
    """A part that was asked for and has no file is a mistake: its section is missing in the config."""
    for part in parts:
        if not any(artifact.part == part for artifact in bundle):
            hint = "add the section it is made from, such as kubernetes or alb_logs"
            raise UsageError(f"the config has nothing for the part {part!r}", hint=hint)


def _show_summary(summary: Summary, files: dict[str, bytes], output: Path, fallen: tuple[str, ...], *, as_json: bool) -> None:
    states: list[tuple[str, tuple[str, ...], Style]] = [
        ("new", summary.new, "green"),
        ("changed", summary.changed, "yellow"),
        ("overwritten", summary.overwritten, "yellow"),
        ("removed", summary.removed, "red"),
    ]
    if as_json:
        sizes = {path: len(files[path]) for path in sorted(files)}
        _say_json(
            {
                "output": str(output),
                **{state: list(paths) for state, paths, _ in states},
                "unchanged": list(summary.unchanged),
                "kept": list(summary.kept),
                "bytes": sizes,
                "fallen_rules": list(fallen),
            }
        )
        return
    if summary.kept:
        note(f"{counted(len(summary.kept), 'file')} of somebody else kept; --force removes: {', '.join(summary.kept)}")
    done = [f"{len(paths)} {state}" for state, paths, _ in states if paths]
    if not done:
        say(f"{output} is up to date: {_amount(files)}")
        return
    unchanged = [f"{len(summary.unchanged)} unchanged"] if summary.unchanged else []
    say(f"{output}: {', '.join(done + unchanged)}; the bundle has {_amount(files)}")
    width = max(len(path) for _, paths, _ in states for path in paths)
    for state, paths, style in states:
        for path in paths:
            size = f"{_kibibytes(len(files[path])):>12}" if path in files else ""
            say(f"  {said(f'{state:11}', style)} {path:{width}}{size}".rstrip())
    for line in _next_steps(summary.folder, output, files):
        say(line)


def _next_steps(folder: Path, output: Path, files: dict[str, bytes]) -> list[str]:
    from xray_grafana.provisioning.providers import DASHBOARDS_PATH

    mounts = (("provisioning", "/etc/grafana/provisioning"), ("dashboards", DASHBOARDS_PATH))
    parts = {path.partition("/")[0] for path in files}
    shown = [f"-v {shlex.quote(f'{folder / part}:{target}:ro')}" for part, target in mounts if part in parts]
    steps = [f"  mount  docker run … {' '.join(shown)} …"] if shown else []
    if "RUNBOOK.md" in files:
        steps.append(f"  read   {output / 'RUNBOOK.md'}: the whole command, the settings Grafana needs, and what each alert means")
    if "preview.html" in files:
        steps.append(f"  look   {output / 'preview.html'}: every board, in a browser")
    return ["next:", *steps] if steps else []


def _show_differences(found: Differences, output: Path, fallen: tuple[str, ...], *, as_json: bool) -> None:
    lists = {"missing": found.missing, "extra": found.extra, "edited": found.edited}
    if as_json:
        state = {"output": str(output), "up_to_date": found.is_empty, "diffs": dict(found.diffs)}
        _say_json({**state, **{name: list(paths) for name, paths in lists.items()}, "fallen_rules": list(fallen)})
        return
    if found.is_empty:
        note(f"{output} is up to date")
        return
    for name, paths in lists.items():
        for path in paths:
            say(f"{name}: {path}")
    for text in found.diffs.values():
        for line in text.removesuffix("\n").split("\n"):
            say(_coloured(line))
    counts = [f"{len(found.diffs)} changed", *(f"{len(paths)} {name}" for name, paths in lists.items())]
    note(f"{output} differs from the bundle: {', '.join(count for count in counts if not count.startswith('0 '))}")


def _coloured(line: str) -> str:
    match line[:3], line[:1]:
        case ("---" | "+++", _):
            return said(line, "bold")
        case (_, "+"):
            return said(line, "green")
        case (_, "-"):
            return said(line, "red")
        case (_, "@"):
            return said(line, "cyan")
    return line


def _warn_of_fallen_rules(config: Config, config_file: Path, fallen: tuple[str, ...]) -> None:
    if not fallen:
        return
    entries = "".join(f"\n        - {uid}" for uid in sorted({*config.alerts.deleted_rules, *fallen}))
    warning = noted("warning:", "yellow")
    note(
        f"{warning} {counted(len(fallen), 'alert rule')} fell away. Grafana keeps what it has loaded until told otherwise:\n"
        f"  put this into {config_file} and generate again\n    alerts:\n      deleted_rules:{entries}"
    )


def _amount(files: dict[str, bytes]) -> str:
    return f"{counted(len(files), 'file')}, {_kibibytes(sum(map(len, files.values())))}"


def _kibibytes(size: int) -> str:
    return f"{size / 1024:.1f} KiB"


def _say_json(result: dict[str, Any]) -> None:
    say(json.dumps(result, indent=2))
