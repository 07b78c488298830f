from __future__ import annotations

from contextlib import suppress

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.config.mistakes import mistakes
from xray_grafana.config import parse_config
from xray_grafana.config.reference import reference_rows
from xray_grafana.config.shape import ListShape, SectionShape, Shape, config_shape
from xray_grafana.errors import ConfigError, ConfigProblem

KEYS = sorted({row.key.rpartition(".")[2] for row in reference_rows()})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["111122223333", "eu-west-1", "cn-north-1", "xray", "5m", "9h", "http://loki", "$__env{A}", "keys", '{a="b"}']),
    st.dates(),
)
TREES = st.recursive(
    SCALARS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), children, max_size=6),
    max_leaves=25,
)
VALID: dict[str, list[object]] = {
    "account": ["111122223333"],
    "region": ["eu-west-1", "cn-north-1", "us-gov-west-1"],
    "arn": ["arn:aws:xray:eu-west-1:111122223333:group/a", "arn:aws-cn:xray:eu-west-1:111122223333:group/b"],
    "assume_role_arn": ["arn:aws:iam::111122223333:role/a", "arn:aws-cn:iam::111122223333:role/a"],
    "auth": ["default", "keys", "credentials", "grafana_assume_role"],
    "uid": ["xray", "loki", "a", "a-cloudwatch", "x" * 30],
    "sources": [["xray"], ["a", "a", "b"], []],
    "enabled": [True, False],
}


def near_configs(section: SectionShape) -> st.SearchStrategy[dict[str, object]]:
    """Mappings with the section's own keys: most values have the right shape, some have any."""
    return st.fixed_dictionaries(
        {}, optional={name: near_values(name, field.shape) | SCALARS | TREES for name, field in section.fields.items()}
    )


def near_values(name: str, shape: Shape) -> st.SearchStrategy[object]:
    match shape:
        case SectionShape():
            return near_configs(shape)
        case ListShape(item=SectionShape() as item):
            return st.lists(near_configs(item), max_size=3)
        case _:
            return st.sampled_from(VALID[name]) if name in VALID else SCALARS


CONFIGS = near_configs(config_shape())
OVERRIDES = st.lists(
    st.tuples(st.sampled_from(KEYS) | st.text(max_size=5) | st.sampled_from(["0", "1"]), st.text(max_size=8)).map("=".join), max_size=3
)
YAML_TEXT = st.text(alphabet=st.sampled_from("ab:-?[]{},&*!|>%@`'\"# \n\t<~01e.\\é\x85\ufeff\x00"), max_size=60)
FAST = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def problems_of(text: str, overrides: list[str]) -> tuple[ConfigProblem, ...]:
    try:
        parse_config(text, "b.yaml", overrides=overrides)
    except ConfigError as error:
        return error.problems
    return ()


@FAST
@given(st.text(max_size=200) | YAML_TEXT)
@example("\ufeff")
@example('"\\ud800": 1')
@example("a: &a\n  ? *a\n  : 1")
@example("\ud800")
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        parse_config(text, "b.yaml")


@FAST
@given(CONFIGS, OVERRIDES)
@example({"aws": {"region": {}}}, [])
@example({"xray": {"sources": [{"auth": {}, "region": "cn-north-1"}]}, "aws": {"region": "eu-west-1"}}, [])
def test_any_tree_is_a_config_or_a_config_error_in_the_order_of_the_file(tree: dict[str, object], overrides: list[str]) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    problems = problems_of(text, overrides)
    places = [(problem.line is None, problem.line or 0, problem.column or 0) for problem in problems]
    assert places == sorted(places)
    assert all(problem.got and problem.expected for problem in problems)
    assert "\n" not in "".join(map(str, problems))


@FAST
@given(
    st.dictionaries(st.text(max_size=12).map("XRAY_GRAFANA__".__add__), st.text(max_size=12), max_size=4),
    st.lists(st.text(max_size=20), max_size=4),
)
def test_any_variable_and_flag_is_taken_or_a_config_error(environ: dict[str, str], flags: list[str]) -> None:
    with suppress(ConfigError):
        parse_config('aws: {account: "111122223333", region: eu-west-1}', "b.yaml", environ=environ, overrides=flags)


@FAST
@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=6, max_size=30).map("Zq7".__add__))
def test_no_secret_is_ever_repeated(secret: str) -> None:
    """In any quoting, from the file, a variable or a flag."""
    base = 'aws: {account: "111122223333", region: eu-west-1}\nlogs:\n  url: http://loki\n  bearer_token: '
    quoted = "'" + secret.replace("'", "''") + "'"
    lines = [
        *mistakes(base + quoted + "\n"),
        *mistakes(base + secret + "\n"),
        *mistakes(base + "null\n", environ={"XRAY_GRAFANA__LOGS__BEARER_TOKEN": secret}),
        *mistakes(base + "null\n", overrides=[f"logs.bearer_token={secret}"]),
    ]
    assert len(lines) >= 4
    assert secret not in "\n".join(lines)
