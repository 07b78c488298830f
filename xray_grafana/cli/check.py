"""`xray-grafana check`: every mistake of the config, and every rule that its bundle breaks; or the mistakes in files of others."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Final, Literal

import click
from click.core import ParameterSource

from xray_grafana.cli.findings import finding_text, github_lines, json_text
from xray_grafana.cli.options import config_of, config_options
from xray_grafana.cli.output import counted, note, said, say
from xray_grafana.errors import ConfigError

_FINDINGS: Final = 3
_RULE_WIDTH: Final = 100


@click.command("check")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@config_options
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True, help="How to print.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--fix", is_flag=True, help="Mend in the FILEs what can be mended with certainty; shows a diff first.")
@click.option("--list-rules", is_flag=True, help="Print every rule with its reason, and check nothing.")
@click.pass_context
def command(
    context: click.Context,
    files: tuple[str, ...],
    config_file: Path,
    overrides: tuple[str, ...],
    form: Literal["text", "json", "github"],
    as_json: bool,
    fix: bool,
    list_rules: bool,
) -> int:
    """Check the config and the bundle it makes.

    With FILEs, check what somebody else wrote instead: Kubernetes manifests, Helm values of the daemon's chart, IAM and bucket policies,
    eksctl and collector configs, ECS tasks; - is standard input. They are checked together: an address in one must lead to a Service in
    another.

    Exits with 2 for mistakes in the config and for a FILE that cannot be read, with 3 when a rule is broken. Each finding names its rule,
    its place, what is wrong and what to do.
    """
    form = "json" if as_json else form
    if list_rules:
        return _list_rules(as_json=form == "json")
    if files:
        if overrides or context.get_parameter_source("config_file") is ParameterSource.COMMANDLINE:
            raise click.UsageError("FILEs are checked without a config: leave out --config and --set.")
        from xray_grafana.cli.foreign import check_foreign

        return check_foreign(files, form, fix=fix)
    if fix:
        raise click.UsageError("--fix mends FILEs: name some.")
    from xray_grafana.bundle.build import build_bundle
    from xray_grafana.checks import RULES, check_bundle

    try:
        config = config_of(config_file, overrides)
    except ConfigError as error:
        if form == "text":
            raise
        _print(form, json_text(config_file, error.problems, ()), github_lines(config_file, error.problems, ()))
        return error.exit_code
    bundle = build_bundle(config)
    findings = check_bundle(config, bundle)
    if form == "text":
        for finding in findings:
            say(finding_text(finding, said))
    else:
        _print(form, json_text(config_file, (), findings), github_lines(config_file, (), findings))
    note(f"{config_file}: {counted(len(findings), 'finding')} by {counted(len(RULES), 'rule')} in {counted(len(bundle.artifacts), 'file')}")
    return _FINDINGS if findings else 0


def _print(form: str, as_json: str, as_github: list[str]) -> None:
    for line in as_github if form == "github" else [as_json]:
        say(line)


def _list_rules(*, as_json: bool) -> int:
    from xray_grafana.checks import RULES, Rule
    from xray_grafana.checks.foreign import FOREIGN_RULES, ForeignRule

    rules: tuple[Rule | ForeignRule, ...] = (*RULES, *FOREIGN_RULES)
    if as_json:
        say(json.dumps([{"id": rule.id, "title": rule.title, "reason": rule.reason} for rule in rules], indent=2))
        return 0
    wrapper = textwrap.TextWrapper(_RULE_WIDTH, initial_indent="       ", subsequent_indent="       ", break_on_hyphens=False)
    for rule in rules:
        say(f"{said(rule.id, 'bold')}  {rule.title}")
        say(wrapper.fill(rule.reason))
    return 0
