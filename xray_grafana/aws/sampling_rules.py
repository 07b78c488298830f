"""X-Ray sampling rules as files for the AWS CLI: `aws xray create-sampling-rule --cli-input-json file://<file>`.

SDKs ask the agent's TCP port for the rules; OpenTelemetry SDKs need a sampler for that. The rule with the lowest priority number that
matches a request decides: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
"""

from __future__ import annotations

from typing import Final

from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config

_FOLDER: Final = "aws/sampling-rules"
_ANY: Final = "*"


def build_sampling_rules(config: Config) -> tuple[Artifact, ...]:
    """One file a rule: everything, no health checks, and all of the demo where there is one; none without a cluster."""
    if config.kubernetes is None:
        return ()
    rules = {
        # X-Ray's own last resort has the priority 10000 and cannot be made a second time.
        "default": _rule(config, "default", priority=9000, reservoir=1, rate=0.05),
        "health": _rule(config, "health", priority=100, reservoir=0, rate=0.0, URLPath="/healthz"),
    }
    if config.demo is not None:
        rules["demo"] = _rule(config, "demo", priority=200, reservoir=10, rate=1.0, ServiceName="demo-*")
    return tuple(Artifact(f"{_FOLDER}/{name}.json", Format.JSON, rule) for name, rule in rules.items())


def _rule(config: Config, name: str, *, priority: int, reservoir: int, rate: float, **match: str) -> Document:
    """`reservoir` requests a second are traced in any case, and this share of the rest. A name has at most 32 characters."""
    rule: Document = {
        "RuleName": f"{config.prefix}-{name}",
        "Version": 1,
        "Priority": priority,
        "ReservoirSize": reservoir,
        "FixedRate": rate,
        "ServiceName": _ANY,
        "ServiceType": _ANY,
        "Host": _ANY,
        "HTTPMethod": _ANY,
        "URLPath": _ANY,
        "ResourceARN": _ANY,
    }
    return {"SamplingRule": rule | match}
