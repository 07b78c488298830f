from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.service_model import check_answer
from xray_grafana.aws.sampling_rules import build_sampling_rules
from xray_grafana.config.load import parse_config
from xray_grafana.errors import ConfigError
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.sampling import (
    create_sampling_rule,
    delete_sampling_rule,
    get_sampling_rules,
    get_sampling_statistic_summaries,
    get_sampling_targets,
    update_sampling_rule,
)
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.sampling.file import load_rules, parse_rules
from xray_grafana.sandbox.sampling.sampling import Sampling
from xray_grafana.sandbox.store.store import Store

START = 1_790_000_040.0  # the beginning of a minute
RULE = {
    "RuleName": "checkout",
    "ResourceARN": "*",
    "Priority": 100,
    "FixedRate": 0.5,
    "ReservoirSize": 5,
    "ServiceName": "shop",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "POST",
    "URLPath": "/checkout",
    "Version": 1,
}
MEMBERS = (
    "RuleName, ResourceARN, Priority, FixedRate, ReservoirSize, ServiceName, ServiceType, Host, HTTPMethod, URLPath, Version or Attributes"
)
ARN = "arn:aws:xray:eu-west-1:123456789012:sampling-rule/"


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(clock: Clock) -> Iterator[Context]:
    with closing(Store.open(None)) as store, closing(Ingest(store)) as ingest:
        yield context_of(store, ingest, clock)


def context_of(store: Store, ingest: Ingest, clock: Clock, *rules: dict[str, Any]) -> Context:
    sampling = Sampling(store, region="eu-west-1", account="123456789012", now=clock, rules=rules)
    return Context(store, ingest, sampling, "eu-west-1", "123456789012", clock)


def rules_of(context: Context) -> list[dict[str, Any]]:
    answer = get_sampling_rules(context, {})
    check_answer("GetSamplingRules", answer)
    return list(answer["SamplingRuleRecords"])


def names_of(context: Context) -> list[str]:
    return [record["SamplingRule"]["RuleName"] for record in rules_of(context)]


def create(context: Context, **members: Any) -> dict[str, Any]:
    answer = create_sampling_rule(context, {"SamplingRule": {**RULE, **members}})
    check_answer("CreateSamplingRule", answer)
    return dict(answer["SamplingRuleRecord"])


def report(rule: str = "Default", client: str = "a", requests: int = 10, sampled: int = 3, **more: Any) -> dict[str, Any]:
    return {"RuleName": rule, "ClientID": client * 24, "Timestamp": START, "RequestCount": requests, "SampledCount": sampled, **more}


def targets(context: Context, *reports: dict[str, Any]) -> dict[str, Any]:
    answer = get_sampling_targets(context, {"SamplingStatisticsDocuments": list(reports)})
    check_answer("GetSamplingTargets", answer)
    return answer


def refusal(call: Callable[[Context, dict[str, Any]], object], context: Context, request: dict[str, Any]) -> str:
    with pytest.raises(ApiError) as raised:
        call(context, request)
    return f"{raised.value.name}: {raised.value.message}"


def test_default_is_always_there_and_samples_everything(context: Context) -> None:
    (record,) = rules_of(context)
    assert record == {
        "SamplingRule": {
            "RuleName": "Default",
            "RuleARN": f"{ARN}Default",
            "ResourceARN": "*",
            "Priority": 10_000,
            "FixedRate": 1.0,
            "ReservoirSize": 1,
            "ServiceName": "*",
            "ServiceType": "*",
            "Host": "*",
            "HTTPMethod": "*",
            "URLPath": "*",
            "Version": 1,
            "Attributes": {},
        },
        "CreatedAt": 0.0,
        "ModifiedAt": 0.0,
    }


def test_a_rule_that_is_made_comes_back_whole_and_before_default(context: Context) -> None:
    record = create(context)
    assert record == {"SamplingRule": {**RULE, "RuleARN": f"{ARN}checkout", "Attributes": {}}, "CreatedAt": START, "ModifiedAt": START}
    assert rules_of(context)[0] == record
    create(context, RuleName="first", Priority=1)
    assert names_of(context) == ["first", "checkout", "Default"]


def test_no_member_of_a_rule_is_ever_null(context: Context) -> None:
    create(context, Attributes={"tenant": "blue"})
    assert all(value is not None for record in rules_of(context) for value in record["SamplingRule"].values())


def test_tags_of_a_new_rule_are_kept_and_go_with_it(context: Context) -> None:
    create_sampling_rule(context, {"SamplingRule": RULE, "Tags": [{"Key": "team", "Value": "blue"}]})
    with context.store.reading() as connection:
        assert connection.execute("SELECT arn, key, value FROM tags").fetchall() == [(f"{ARN}checkout", "team", "blue")]
    delete_sampling_rule(context, {"RuleName": "checkout"})
    with context.store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM tags").fetchone() == (0,)


def test_a_rule_is_changed_where_a_member_is_given(context: Context, clock: Clock) -> None:
    create(context)
    clock.now += 60
    boost = {"MaxRate": 0.5, "CooldownWindowMinutes": 10}
    update = {"RuleARN": f"{ARN}checkout", "FixedRate": 1, "Attributes": {"a": "b"}, "SamplingRateBoost": boost}
    answer = update_sampling_rule(context, {"SamplingRuleUpdate": update})
    rule = {**RULE, "RuleARN": f"{ARN}checkout", "FixedRate": 1, "Attributes": {"a": "b"}, "SamplingRateBoost": boost}
    assert answer == {"SamplingRuleRecord": {"SamplingRule": rule, "CreatedAt": START, "ModifiedAt": START + 60}}


def test_of_default_rate_and_reservoir_can_be_changed_and_nothing_else(context: Context) -> None:
    update_sampling_rule(context, {"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 0.05, "ReservoirSize": 2}})
    update_sampling_rule(context, {"SamplingRuleUpdate": {"RuleName": "Default", "ReservoirSize": 3}})
    (record,) = rules_of(context)
    assert (record["SamplingRule"]["FixedRate"], record["SamplingRule"]["ReservoirSize"]) == (0.05, 3)
    request = {"SamplingRuleUpdate": {"RuleName": "Default", "Host": "a"}}
    assert refusal(update_sampling_rule, context, request).startswith("InvalidRequestException: Only FixedRate and ReservoirSize")
    assert refusal(delete_sampling_rule, context, {"RuleName": "Default"}).startswith("InvalidRequestException: Default")
    assert "already exists" in refusal(create_sampling_rule, context, {"SamplingRule": {**RULE, "RuleName": "Default"}})


def test_a_deleted_rule_is_gone(context: Context) -> None:
    create(context)
    answer = delete_sampling_rule(context, {"RuleName": "checkout"})
    check_answer("DeleteSamplingRule", answer)
    assert answer["SamplingRuleRecord"]["SamplingRule"]["RuleName"] == "checkout"
    assert names_of(context) == ["Default"]
    for call, request in (
        (delete_sampling_rule, {"RuleName": "checkout"}),
        (update_sampling_rule, {"SamplingRuleUpdate": {"RuleName": "checkout"}}),
    ):
        assert refusal(call, context, request) == "InvalidRequestException: Sampling rule not found: checkout"


def test_there_are_at_most_25_rules_beside_default(context: Context) -> None:
    update_sampling_rule(context, {"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 0.5}})
    for number in range(25):
        create(context, RuleName=f"rule-{number}")
    request = {"SamplingRule": {**RULE, "RuleName": "one-more"}}
    assert refusal(create_sampling_rule, context, request).startswith("RuleLimitExceededException: ")


def test_a_name_is_there_once(context: Context) -> None:
    create(context)
    assert refusal(create_sampling_rule, context, {"SamplingRule": RULE}).endswith("checkout already exists")


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("Priority", 0, "Value '0' at 'priority' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ("Priority", 10_000, "Value '10000' at 'priority' failed to satisfy constraint: Member must have value less than or equal to 9999"),
        ("FixedRate", 1.5, "Value '1.5' at 'fixedRate' failed to satisfy constraint: Member must have value less than or equal to 1"),
        ("FixedRate", -1, "Value '-1' at 'fixedRate' failed to satisfy constraint: Member must have value greater than or equal to 0"),
        (
            "ReservoirSize",
            1 << 31,
            "at 'reservoirSize' failed to satisfy constraint: Member must have value less than or equal to 2147483647",
        ),
        (
            "SamplingRateBoost",
            {"MaxRate": 0.5},
            "Value null at 'cooldownWindowMinutes' failed to satisfy constraint: Member must not be null",
        ),
        (
            "SamplingRateBoost",
            {"MaxRate": float("inf"), "CooldownWindowMinutes": 1},
            "Value 'inf' at 'maxRate' failed to satisfy constraint",
        ),
        ("Version", 2, "Value '2' at 'version' failed to satisfy constraint: Member must have value less than or equal to 1"),
        ("Host", "h" * 65, "at 'host' failed to satisfy constraint: Member must have length less than or equal to 64"),
        ("Host", None, "Value null at 'host' failed to satisfy constraint: Member must not be null"),
        ("RuleName", "n" * 33, "at 'ruleName' failed to satisfy constraint: Member must have length less than or equal to 32"),
        ("Attributes", {"k": "v" * 33}, "at 'attributes'"),
        ("Attributes", {str(number): "" for number in range(6)}, "at 'attributes'"),
    ],
)
def test_a_member_out_of_bounds_is_a_validation_error(context: Context, member: str, value: Any, message: str) -> None:
    text = refusal(create_sampling_rule, context, {"SamplingRule": {**RULE, member: value}})
    assert text.startswith("ValidationException: 1 validation error detected: ")
    assert message in text


def test_of_a_boost_only_what_the_service_model_has_is_kept(context: Context) -> None:
    made = create(context, SamplingRateBoost={"MaxRate": 0.5, "CooldownWindowMinutes": 10, "More": {"deep": ["x"]}})
    assert made["SamplingRule"]["SamplingRateBoost"] == {"MaxRate": 0.5, "CooldownWindowMinutes": 10}
    assert rules_of(context)[0]["SamplingRule"]["SamplingRateBoost"] == {"MaxRate": 0.5, "CooldownWindowMinutes": 10}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("Priority", "1"),
        ("Priority", 1.5),
        ("Priority", True),
        ("FixedRate", "all"),
        ("Host", 5),
        ("SamplingRateBoost", 1),
        ("SamplingRateBoost", {"MaxRate": []}),
    ],
)
def test_a_member_of_another_type_is_a_serialization_error(context: Context, member: str, value: Any) -> None:
    assert refusal(create_sampling_rule, context, {"SamplingRule": {**RULE, member: value}}).startswith("SerializationException: ")


def test_a_rule_is_named_by_name_or_by_arn_and_not_by_both(context: Context) -> None:
    both = {"RuleName": "a", "RuleARN": f"{ARN}a"}
    assert refusal(delete_sampling_rule, context, both) == "InvalidRequestException: Request cannot contain both RuleName and RuleARN"
    assert refusal(delete_sampling_rule, context, {}) == "InvalidRequestException: Request must contain either RuleName or RuleARN"
    assert "must not be null" in refusal(create_sampling_rule, context, {})
    assert refusal(create_sampling_rule, context, {"SamplingRule": []}).startswith("SerializationException")


def test_a_client_gets_rate_and_reservoir_of_its_rule(context: Context) -> None:
    create(context)
    assert targets(context, report("checkout"), report("gone")) == {
        "SamplingTargetDocuments": [
            {"RuleName": "checkout", "FixedRate": 0.5, "ReservoirQuota": 5, "ReservoirQuotaTTL": START + 300, "Interval": 10}
        ],
        "LastRuleModification": START,
        "UnprocessedStatistics": [{"RuleName": "gone", "ErrorCode": "400", "Message": "Unknown rule"}],
        "UnprocessedBoostStatistics": [],
    }


def test_clients_share_a_reservoir_while_they_report(context: Context, clock: Clock) -> None:
    """5 for two is 3 and 2; a client that is silent for 30 s gives its share back."""
    create(context)
    quotas = [targets(context, report("checkout", each))["SamplingTargetDocuments"][0]["ReservoirQuota"] for each in "aba"]
    assert quotas == [5, 2, 3]
    clock.now += 30
    assert targets(context, report("checkout", "b"))["SamplingTargetDocuments"][0]["ReservoirQuota"] == 5


def test_clients_learn_that_rules_changed(context: Context, clock: Clock) -> None:
    calls: list[Callable[[], object]] = [
        lambda: create(context),
        lambda: update_sampling_rule(context, {"SamplingRuleUpdate": {"RuleName": "checkout", "Priority": 7}}),
        lambda: delete_sampling_rule(context, {"RuleName": "checkout"}),
    ]
    for call in calls:
        clock.now += 10
        assert targets(context)["LastRuleModification"] == clock.now - 10
        call()
        assert targets(context)["LastRuleModification"] == clock.now


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (None, "Value null at 'samplingStatisticsDocuments'"),
        ({}, "SerializationException"),
        ([5], "SerializationException"),
        ([report()] * 26, "Member must have length less than or equal to 25"),
        ([report(RuleName=None)], "Value null at 'ruleName'"),
        ([report(client="g")], "'clientID'"),
        ([report(ClientID="ab")], "Member must have length equal to 24"),
        ([report(ClientID=5)], "SerializationException"),
        ([report(Timestamp=None)], "Value null at 'timestamp'"),
        ([report(RequestCount=None)], "Value null at 'requestCount'"),
        ([report(SampledCount=None)], "Value null at 'sampledCount'"),
        ([report(RequestCount=-1)], "'requestCount' failed to satisfy constraint: Member must have value greater than or equal to 0"),
        ([report(BorrowCount="x")], "SerializationException"),
    ],
)
def test_a_bad_report_is_refused(context: Context, documents: Any, message: str) -> None:
    assert message in refusal(get_sampling_targets, context, {"SamplingStatisticsDocuments": documents})


def test_reports_are_summed_by_minute_and_kept_for_half_an_hour(context: Context, clock: Clock) -> None:
    targets(context, report(requests=10, sampled=3, BorrowCount=1), report(client="b", requests=5, sampled=2))
    clock.now += 60
    targets(context, report(requests=1, sampled=0))
    answer = get_sampling_statistic_summaries(context, {})
    check_answer("GetSamplingStatisticSummaries", answer)
    newer = {"RuleName": "Default", "Timestamp": START + 60, "RequestCount": 1, "BorrowCount": 0, "SampledCount": 0}
    older = {"RuleName": "Default", "Timestamp": START, "RequestCount": 15, "BorrowCount": 1, "SampledCount": 5}
    assert answer == {"SamplingStatisticSummaries": [newer, older], "NextToken": None}
    clock.now = START + 1_800
    targets(context, report())
    summaries = get_sampling_statistic_summaries(context, {})["SamplingStatisticSummaries"]
    assert [each["Timestamp"] for each in summaries] == [START + 1_800, START + 60]


def test_rules_of_a_file_win_over_stored_ones_and_the_others_stay(clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(Store.open(path)) as store, closing(Ingest(store)) as ingest:
        context = context_of(store, ingest, clock)
        create(context)
        create(context, RuleName="mine", Priority=7)
    clock.now += 60
    rules = parse_rules("SamplingRules: [{RuleName: checkout, Priority: 5, FixedRate: 0.1}]", "rules.yaml")
    with closing(Store.open(path)) as store, closing(Ingest(store)) as ingest:
        first, second, _ = rules_of(context_of(store, ingest, clock, *rules))
    assert (first["SamplingRule"]["RuleName"], first["SamplingRule"]["FixedRate"], first["SamplingRule"]["Host"]) == ("checkout", 0.1, "*")
    assert (first["CreatedAt"], first["ModifiedAt"]) == (START, START + 60)
    assert (second["SamplingRule"]["RuleName"], second["ModifiedAt"]) == ("mine", START)


def test_a_file_may_set_rate_and_reservoir_of_default(clock: Clock, context: Context) -> None:
    rules = parse_rules("SamplingRules: [{RuleName: Default, FixedRate: 0.05, Priority: 10000}]", "rules.yaml")
    sampling = Sampling(context.store, region="r", account="a", now=clock, rules=rules)
    (record,) = sampling.records()
    assert (record["SamplingRule"]["FixedRate"], record["SamplingRule"]["ReservoirSize"]) == (0.05, 1)


def test_the_command_line_of_aws_prints_and_takes_the_same_files(context: Context, tmp_path: Path) -> None:
    create(context, Attributes={"a": "b"})
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(get_sampling_rules(context, {})))
    printed = load_rules(path)
    assert [rule["RuleName"] for rule in printed] == ["checkout", "Default"]
    assert printed[0] == {**RULE, "Attributes": {"a": "b"}}
    path.write_text(json.dumps({"SamplingRule": RULE, "Tags": []}))
    assert load_rules(path) == ({**RULE, "Attributes": {}},)


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse_rules(text, "rules.yaml")
    return [str(problem) for problem in raised.value.problems]


def test_every_mistake_of_a_file_is_told_with_its_place() -> None:
    text = """\
SamplingRules:
  - RuleName: a
    Priority: 10000
    FixedRate: half
    Pirority: 1
  - RuleName: a
    Priority: 1
    FixedRate: 1
    Version: 2
    Attributes: [x]
    Host: 5
  - 7
  - RuleName: Default
    URLPath: /x
"""
    assert mistakes(text) == [
        "rules.yaml:3:15 SamplingRules.0.Priority: got 10000 — expected a whole number from 1 to 9999",
        "rules.yaml:4:16 SamplingRules.0.FixedRate: got 'half' — expected a number from 0 to 1",
        f"rules.yaml:5:5 SamplingRules.0.Pirority: got an unknown key — expected {MEMBERS} (did you mean Priority?)",
        "rules.yaml:6:15 SamplingRules.1.RuleName: got 'a' — expected another name for each rule",
        "rules.yaml:9:14 SamplingRules.1.Version: got 2 — expected 1",
        "rules.yaml:10:17 SamplingRules.1.Attributes: got a list — expected at most 5 short texts by name",
        "rules.yaml:11:11 SamplingRules.1.Host: got 5 — expected text of at most 64 characters",
        "rules.yaml:12:5 SamplingRules.2: got 7 — expected a sampling rule",
        "rules.yaml:14:14 SamplingRules.3.URLPath: got '/x' — expected no change: only FixedRate and ReservoirSize of Default can be set",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{}", "top level: got no rules — expected SamplingRules, SamplingRule or SamplingRuleRecords"),
        ("SamplingRules: []\nSamplingRule: {RuleName: a, Priority: 1, FixedRate: 1}", "got SamplingRule and SamplingRules"),
        ("SamplingRules: {}", "SamplingRules: got a mapping — expected a list of rules"),
        ("Samplingrules: []", "Samplingrules: got an unknown key"),
        ("SamplingRules: [{RuleName: a, FixedRate: 1}]", "SamplingRules.0.Priority: got nothing — expected a whole number from 1 to 9999"),
        ("SamplingRules: [{Priority: 1, FixedRate: 1}]", "RuleName: got nothing — expected text of 1 to 32 characters"),
        ("SamplingRules: [{RuleName: a, Priority: 1, FixedRate: 1, ReservoirSize: -1}]", "expected a whole number from 0 to 2147483647"),
        ("SamplingRuleRecords: [{}]", "SamplingRuleRecords.0.SamplingRule: got nothing — expected a sampling rule"),
        ("SamplingRules: [" + "{RuleName: a, Priority: 1, FixedRate: 1}," * 26 + "]", "got 26 rules — expected at most 25"),
        ("SamplingRules: [", "rules.yaml:"),
        ("- a", "rules.yaml:1:1"),
        ("", "rules.yaml"),
    ],
)
def test_a_mistake_of_a_file_is_told(text: str, mistake: str) -> None:
    assert any(mistake in each for each in mistakes(text))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    for content, got in ((None, "No such file"), (b"\xff", "bytes that are not UTF-8"), (b" " * 1_048_577, "more than 1 MiB")):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigError, match=got):
            load_rules(path)


def test_the_rules_that_the_bundle_makes_can_be_given_to_the_sandbox() -> None:
    config = parse_config((Path(__file__).parents[3] / "xray_grafana/config/example.yaml").read_text(), "example.yaml")
    made = build_sampling_rules(config)
    assert made
    for artifact in made:
        (rule,) = parse_rules(json.dumps(artifact.content), artifact.path)
        assert rule["Version"] == 1
