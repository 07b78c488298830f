from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from tests.config.mistakes import AWS, mistakes
from xray_grafana.config.field_errors import WORDS, field_problems
from xray_grafana.config.models import Config
from xray_grafana.config.nodes import Mapping, Place

# What each kind of node in pydantic's schema of a strict model can raise, from https://docs.pydantic.dev/latest/errors/validation_errors/
RAISED: Final = {
    "model": {"model_type"},
    "model-fields": {"extra_forbidden"},
    "model-field": {"missing"},
    "str": {"string_type"},
    "int": {"int_type"},
    "float": {"float_type"},
    "bool": {"bool_type"},
    "literal": {"literal_error", "string_unicode"},
    "tuple": {"tuple_type"},
    "dict": {"dict_type"},
    "function-after": {"expected"},
    "no-info": set[str](),
    "nullable": set[str](),
    "default": set[str](),
}
RAISED_BY_BOUND: Final = {"gt": "greater_than", "ge": "greater_than_equal", "le": "less_than_equal", "min_length": "too_short"}
NOT_RULES: Final = {
    *("type", "schema", "fields", "function", "metadata", "ref", "cls", "config", "root_model", "custom_init", "model_name"),
    *("computed_fields", "serialization_alias", "validation_alias", "default", "expected", "items_schema", "variadic_item_index"),
    *("keys_schema", "values_schema", "strict"),
}  # fmt: skip


def raised_by(schema: Any) -> Iterator[str]:
    """Every error type that a schema can raise; a kind of node or a rule that this test does not know fails it."""
    if isinstance(schema, list | tuple):
        for item in schema:
            yield from raised_by(item)
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("type"), str):
        yield from RAISED[schema["type"]]
        yield from (RAISED_BY_BOUND[rule] for rule in schema.keys() - NOT_RULES)
    for name, value in schema.items():
        if name not in {"metadata", "default", "config", "ref"}:
            yield from raised_by(value)


def test_every_error_type_that_the_models_can_raise_has_words_and_no_other() -> None:
    assert set(raised_by(Config.__pydantic_core_schema__)) == WORDS.keys()


def test_the_walk_over_the_schema_notices_a_rule_without_words() -> None:
    class Odd(BaseModel):
        model_config = ConfigDict(strict=True)
        pattern: Config | bytes

    with pytest.raises(KeyError, match=r"union|bytes"):
        set(raised_by(Odd.__pydantic_core_schema__))


def test_an_error_type_without_words_is_a_fault_of_the_program() -> None:
    error = ValidationError.from_exception_data("Config", [{"type": "bytes_type", "loc": ("name",), "input": 1}])
    with pytest.raises(KeyError, match="bytes_type"):
        field_problems(error, Mapping(Place("b.yaml", 1, 1), {}))


LOGS = "logs: {url: 'http://loki', "
TRIGGERS: Final = {
    "bool_type": AWS + "alerts: {enabled: x}",
    "dict_type": AWS + "alb_logs: {bucket: abc, services: x}",
    "expected": AWS + "prefix: X",
    "extra_forbidden": AWS + "x: 1",
    "float_type": AWS + "alerts: {fault_ratio: x}",
    "greater_than": AWS + "alerts: {fault_ratio: 0}",
    "greater_than_equal": AWS + "alerts: {min_requests: 0}",
    "int_type": AWS + "alerts: {min_requests: x}",
    "less_than_equal": AWS + "alerts: {fault_ratio: 2}",
    "literal_error": AWS + "grafana: {version: '11.0'}",
    "missing": "name: Shop",
    "model_type": AWS + "alerts: x",
    "string_type": AWS + "name: 1",
    "too_short": AWS + LOGS + "id_forms: []}",
    "tuple_type": AWS + "services: x",
}


@pytest.mark.parametrize("error_type", sorted(WORDS.keys() - {"string_unicode"}))
def test_no_error_type_speaks_pydantics_english(error_type: str) -> None:
    """string_unicode comes from variables only: test_overrides."""
    [line] = mistakes(TRIGGERS[error_type])
    got, dash, expected = line.partition(" — expected ")
    assert " got " in got
    assert dash
    assert expected
    assert not any(
        words in line for words in ("Input should", "valid ", "Field required", "Extra inputs", "instance of", "tuple", "dictionary")
    )


BALANCERS = AWS + "alb_logs:\n  bucket: shop-alb-logs\n  services:\n"
BALANCER = (
    "a load balancer or target group: app/NAME, net/NAME or targetgroup/NAME, or with its id app/NAME/0123456789abcdef "
    "(as its ARN ends, with or without the id)"
)


def test_a_key_of_a_mapping_is_refused_where_it_stands() -> None:
    assert mistakes(BALANCERS + "    app/web: storefront\n    web: cart\n") == [
        f"b.yaml:6:5 alb_logs.services.web: got 'web' — expected {BALANCER}"
    ]


def test_key_and_value_of_one_entry_are_two_mistakes_even_if_the_key_is_called_as_pydantic_marks_keys() -> None:
    key, value = mistakes(BALANCERS + "    '[key]': 'a*'\n")
    assert key == f"b.yaml:5:5 alb_logs.services.[key]: got '[key]' — expected {BALANCER}"
    assert value.startswith("b.yaml:5:14 alb_logs.services.[key]: got 'a*' — expected an X-Ray service name")


def test_a_mapping_that_is_none_is_told_so() -> None:
    assert mistakes(AWS + "alb_logs: {bucket: abc, services: [a]}\n") == ["b.yaml:2:35 alb_logs.services: got a list — expected a mapping"]
