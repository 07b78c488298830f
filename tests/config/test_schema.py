from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

from tests.config.mistakes import AWS
from xray_grafana.config.example import example_text
from xray_grafana.config.schema import json_schema


def leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The innermost faults: a key that may be null is an anyOf, whose branches say what is wrong."""
    for error in errors:
        yield from leaves(error.context) if error.context else [error]


def faults(document: object) -> list[str]:
    """What a validator that knows only the schema finds, as `key: rule`."""
    found = leaves(Draft202012Validator(json_schema()).iter_errors(document))
    return sorted({f"{'.'.join(map(str, error.absolute_path))}: {error.validator}" for error in found if error.validator_value != "null"})


def patterns_of(schema: Any) -> Iterator[str]:
    for name, value in schema.items() if isinstance(schema, dict) else ():
        if name == "pattern":
            yield value
        yield from patterns_of(value)
    for value in schema if isinstance(schema, list) else ():
        yield from patterns_of(value)


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, section in {"": schema, **schema["$defs"]}.items():
        for key, each in section["properties"].items():
            yield f"{name}.{key}", each


def test_the_schema_is_draft_2020_12_without_an_address_of_its_own() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "xray-grafana bundle"
    assert "$id" not in schema


def test_the_schema_takes_the_example() -> None:
    assert faults(yaml.safe_load(example_text())) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zz: 1\n", [": additionalProperties"]),
        ("grafana: {foldr: x}\n", ["grafana: additionalProperties"]),
        ("alerts: {for_: 5m}\n", ["alerts: additionalProperties"]),
        ("alerts: {for: long}\n", ["alerts.for: pattern"]),
        ("alerts: {fault_ratio: 5}\n", ["alerts.fault_ratio: maximum"]),
        ("alerts: {fault_ratio: 0}\n", ["alerts.fault_ratio: exclusiveMinimum"]),
        ("grafana: {version: 12.4}\n", ["grafana.version: enum", "grafana.version: type"]),
        ("grafana: {refresh: fast}\n", ["grafana.refresh: pattern"]),
        ("grafana: {public_url: ops}\n", ["grafana.public_url: pattern"]),
        ("logs: {url: 'http://loki', bearer_token: hunter2}\n", ["logs.bearer_token: pattern"]),
        ("logs: {url: 'http://loki', alb_selector: log_type}\n", ["logs.alb_selector: pattern"]),
        ("xray: {sources: []}\n", ["xray.sources: minItems"]),
        ("xray: {sources: [{uid: a b, name: A}]}\n", ["xray.sources.0.uid: pattern"]),
        ("services: [{}]\n", ["services.0: required"]),
        ("services: [{name: 'a*'}]\n", ["services.0.name: pattern"]),
        ('name: "a\\nb"\n', ["name: pattern"]),
        ("alb_logs: {bucket: abc, services: {web: shop}}\n", ["alb_logs.services: pattern"]),
        ("alb_logs: {bucket: abc, services: {app/web: 'a*'}}\n", ["alb_logs.services.app/web: pattern"]),
        ("alb_logs: {bucket: abc, services: [app/web]}\n", ["alb_logs.services: type"]),
        ("alb_logs: {bucket: abc, service_tag: 'a*'}\n", ["alb_logs.service_tag: pattern"]),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_models_refuse(text: str, expected: list[str]) -> None:
    assert faults(yaml.safe_load(AWS + text)) == expected


@pytest.mark.parametrize("account", [111122223333, "1234", "x11122223333", "111122223333 "])
def test_the_schema_refuses_a_bad_account_id(account: object) -> None:
    rule = "pattern" if isinstance(account, str) else "type"
    assert faults({"aws": {"account": account, "region": "eu-west-1"}}) == [f"aws.account: {rule}"]


def test_every_key_is_described_and_no_section_takes_other_keys() -> None:
    schema = json_schema()
    assert [name for name, each in properties(schema) if not each.get("description")] == []
    assert [name for name, each in schema["$defs"].items() if each["additionalProperties"] is not False] == []
    assert schema["additionalProperties"] is False


def test_a_missing_description_would_be_noticed() -> None:
    schema = copy.deepcopy(json_schema())
    del schema["$defs"]["Aws"]["properties"]["account"]["description"]
    assert [name for name, each in properties(schema) if not each.get("description")] == ["Aws.account"]


def test_patterns_hold_for_the_whole_text_and_use_nothing_that_editors_read_differently() -> None:
    r"""`\d` and `\w` mean other letters in Python than in ECMA 262."""
    patterns = set(patterns_of(json_schema()))
    assert len(patterns) == 32
    assert [pattern for pattern in patterns if not (pattern.startswith("^(?:") and pattern.endswith(")$"))] == []
    assert [pattern for pattern in patterns if re.search(r"\\[dwDWAZ]|\(\?P", pattern)] == []


def test_each_call_gives_a_schema_of_its_own() -> None:
    json_schema()["properties"].clear()
    assert "aws" in json_schema()["properties"]
