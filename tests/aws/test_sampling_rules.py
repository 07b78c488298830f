from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.aws.deploys import deploy
from tests.k8s.shop import Image
from xray_grafana.aws.sampling_rules import build_sampling_rules
from xray_grafana.config import parse_config

# botocore comes with the demo's X-Ray SDK.
REPORT = """
import json
from botocore.session import get_session
from botocore.validate import ParamValidator
shape = get_session().get_service_model("xray").operation_model("CreateSamplingRule").input_shape
documents = json.loads({documents!r})
print(json.dumps([ParamValidator().validate(document, shape).generate_report() for document in documents]))
"""
DEMO = ("demo.namespace=demo",)


def rules(*overrides: str) -> dict[str, dict[str, Any]]:
    made = build_sampling_rules(deploy(*overrides))
    return {artifact.path.removeprefix("aws/sampling-rules/"): artifact.document for artifact in made}


def reports(documents: list[dict[str, Any]], folder: Path) -> list[str]:
    """What botocore's model of the API finds in each document; nothing is an empty text."""
    found: list[str] = Image.of("xray", folder).run(REPORT.format(documents=json.dumps(documents)))
    return found


def test_every_rule_is_an_input_that_the_api_takes(tmp_path: Path) -> None:
    made = rules(*DEMO, f"prefix={'x' * 20}")
    assert set(made) == {"default.json", "health.json", "demo.json"}
    assert reports(list(made.values()), tmp_path) == ["", "", ""]
    assert max(len(document["SamplingRule"]["RuleName"]) for document in made.values()) <= 32


@pytest.mark.parametrize("change", [{"Priority": 0}, {"Host": None}, {"FixedRate": "1"}, {"Urlpath": "*"}])
def test_the_apis_own_model_refuses_a_fault(change: dict[str, Any], tmp_path: Path) -> None:
    document = rules()["default.json"]
    (report,) = reports([{"SamplingRule": document["SamplingRule"] | change}], tmp_path)
    assert next(iter(change)) in report


def test_health_checks_are_never_traced_and_the_demo_always() -> None:
    made = {name: document["SamplingRule"] for name, document in rules(*DEMO).items()}
    health, demo, default = made["health.json"], made["demo.json"], made["default.json"]
    assert (health["URLPath"], health["FixedRate"], health["ReservoirSize"]) == ("/healthz", 0.0, 0)
    assert (demo["ServiceName"], demo["FixedRate"]) == ("demo-*", 1.0)
    assert (default["ServiceName"], default["FixedRate"], default["ReservoirSize"]) == ("*", 0.05, 1)
    assert health["Priority"] < demo["Priority"] < default["Priority"] < 10000


def test_rules_are_named_after_the_prefix() -> None:
    assert [document["SamplingRule"]["RuleName"] for document in rules("prefix=ops").values()] == ["ops-default", "ops-health"]


def test_without_a_cluster_there_is_no_agent_to_ask_for_rules() -> None:
    assert build_sampling_rules(parse_config('aws: {account: "111122223333", region: eu-west-1}\n', "bundle.yaml")) == ()
