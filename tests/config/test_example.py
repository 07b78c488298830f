from __future__ import annotations

import re

import pytest

from xray_grafana.config import parse_config
from xray_grafana.config.example import example_text
from xray_grafana.config.reference import reference_rows

COMMENTED_KEY = re.compile(r"^( *)#([a-z_0-9]+:.*)$")
LINES = example_text().splitlines()
COMMENTED = [number for number, line in enumerate(LINES) if COMMENTED_KEY.match(line)]


def uncommented(line: str) -> str:
    return COMMENTED_KEY.sub(r"\1\2", line)


def keys_of(lines: list[str]) -> set[str]:
    """The key paths that stand in the file, live or commented, read from its indentation; `[]` marks the entry of a list."""
    found: set[str] = set()
    open_keys: list[tuple[int, str]] = []
    for line in lines:
        match = re.match(r"^( *)(- )?([a-z_0-9]+):", uncommented(line))
        if not match:
            continue
        indent = len(match[1]) + len(match[2] or "")
        open_keys = [(column, key) for column, key in open_keys if column < indent - (2 if match[2] else 0)]
        if match[2] or (open_keys and open_keys[-1][1] != "[]" and indent - open_keys[-1][0] == 4):
            open_keys.append((indent - 1, "[]"))
        open_keys.append((indent, match[3]))
        found.add(".".join(key for _, key in open_keys).replace(".[]", "[]"))
    return found


def test_the_example_passes_as_it_stands() -> None:
    config = parse_config(example_text(), "example.yaml")
    assert (config.aws.account, config.aws.region) == ("111122223333", "eu-west-1")
    assert [(source.uid, source.name) for source in config.xray.sources] == [("xray", "X-Ray")]
    assert [service.name for service in config.services] == ["storefront", "cart", "checkout", "payments", "inventory"]
    checkout = config.services[2]
    assert (checkout.slow_seconds, checkout.edges, checkout.alerts.fault_ratio, checkout.alerts.latency_seconds) == (
        0.5,
        ("payments",),
        0.01,
        0.5,
    )
    assert [group.name for group in config.xray.groups] == ["checkout"]
    assert config.logs is not None
    assert (config.logs.url, config.alerts.enabled, config.grafana.public_url) == ("http://loki:3100", True, "http://localhost:3000")
    assert config.kubernetes is not None
    assert config.alb_logs is not None
    assert config.demo is not None
    assert (config.kubernetes.cluster, config.kubernetes.agent.kind, config.kubernetes.identity.kind) == ("shop", "daemon", "irsa")
    assert (config.kubernetes.grafana.form, config.alb_logs.bucket, config.demo.namespace) == ("helm", "shop-alb-logs", "demo")


def test_the_first_line_names_the_schema_for_editors() -> None:
    assert LINES[0] == "# yaml-language-server: $schema=bundle.schema.json"


def test_every_key_of_the_config_stands_in_the_example() -> None:
    assert {row.key for row in reference_rows()} - keys_of(LINES) == set()
    assert keys_of(LINES) - {row.key for row in reference_rows()} == set()


@pytest.mark.parametrize("left_out", ["  #linked_accounts:", "      #timeout_seconds:", "  url: http://loki", "  #for: 5m"])
def test_a_key_that_is_left_out_of_the_example_would_be_noticed(left_out: str) -> None:
    fewer = [line for line in LINES if not line.startswith(left_out)]
    assert len(fewer) == len(LINES) - 1
    assert len({row.key for row in reference_rows()} - keys_of(fewer)) == 1


@pytest.mark.parametrize("number", COMMENTED, ids=lambda number: LINES[number].strip().partition(":")[0])
def test_a_commented_key_stands_there_with_its_default(number: int) -> None:
    """Uncommented alone it changes nothing."""
    lines = [*LINES[:number], uncommented(LINES[number]), *LINES[number + 1 :]]
    assert parse_config("\n".join(lines), "example.yaml") == parse_config(example_text(), "example.yaml")


def test_all_commented_keys_together_change_nothing() -> None:
    assert len(COMMENTED) > 40
    text = "\n".join(uncommented(line) for line in LINES)
    assert parse_config(text, "example.yaml") == parse_config(example_text(), "example.yaml")


def test_every_commented_key_says_what_it_means() -> None:
    assert [LINES[number] for number in COMMENTED if not re.search(r" # \S", LINES[number])] == []


def test_no_line_is_wider_than_an_editor() -> None:
    assert [line for line in LINES if len(line) > 140] == []
