from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.aws.deploys import PLACES, build, deploy
from tests.aws.parliament_tool import Finding, ParliamentError, findings, install

# A query's id is no resource: the list that parliament has got from AWS says log group, which the call does not name.
ACCEPTED = {Finding("RESOURCE_STAR", "['logs:GetQueryResults']")}


def identity_policies(*overrides: str, region: str = "eu-west-1") -> list[dict[str, Any]]:
    found = build(deploy(*overrides, region=region))
    return [artifact.document for path, artifact in found.items() if path.startswith("aws/iam/") and path.endswith("-policy.json")]


def queue_key(region: str) -> str:
    return f"alb_logs.queue_kms_key_arn=arn:{PLACES[region][0]}:kms:{region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def every_policy() -> list[dict[str, Any]]:
    switches = ("xray.application_signals=true", "cloudwatch.enabled=true", "aws.linked_accounts.0=444455556666")
    return [
        policy
        for region, consumer in itertools.product(PLACES, ("lambda", "deployment"))
        for policy in identity_policies(
            *switches, f"alb_logs.consumer={consumer}", "alb_logs.service_tag=service", queue_key(region), region=region
        )
    ]


def test_parliament_holds_nothing_against_any_policy() -> None:
    policies = every_policy()
    assert len(policies) == 3 * (3 + 4)
    assert {finding for found in findings(policies) for finding in found} == ACCEPTED


def allowing(action: str, resource: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": [resource]}]}


def test_parliament_finds_planted_mistakes() -> None:
    planted = [
        allowing("xray:PutTraceSegment", "*"),
        allowing("s3:GetObject", "arn:aws:s3:::shop-alb-logs"),
        allowing("sqs:DeleteMessage", "*"),
        allowing("xray:PutTraceSegments", "arn:aws:iam::111122223333:instance-profile/nodes"),
    ]
    assert [[finding.issue for finding in found] for found in findings(planted)] == [
        ["UNKNOWN_ACTION"],
        ["RESOURCE_MISMATCH"],
        ["RESOURCE_STAR"],
        ["RESOURCE_MISMATCH"],
    ]


def test_a_failed_installation_shows_what_pip_said_and_leaves_nothing(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no such = requirement", encoding="utf-8")
    with pytest.raises(ParliamentError, match=r"(?s)pip install of .* failed .*no such"):
        install(requirements, tmp_path / "installs")
    assert [path.name for path in (tmp_path / "installs").iterdir()] == [".lock"]
