from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.made_facts import CART, NOON, PROVIDER, SHOP, chain, counted, edge, request, trace, visit
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api import signals
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.facts.facts import Node, TraceFacts
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.call_rollups import short

WINDOW = {"StartTime": NOON, "EndTime": NOON + 600}
SHOP_KEYS = {"Type": "Service", "Name": "shop", "Environment": "ecs:default"}
CART_KEYS = {"Type": "Service", "Name": "cart", "Environment": "ec2:default"}


def _services(context: Context, **members: object) -> list[dict[str, str]]:
    answer = signals.list_services(context, {**WINDOW, **members})
    check_answer("ListServices", answer, "application-signals")
    return [each["KeyAttributes"] for each in answer["ServiceSummaries"]]


def _operations(context: Context, keys: dict[str, str], **members: object) -> list[dict[str, Any]]:
    answer = signals.list_service_operations(context, {**WINDOW, "KeyAttributes": keys, **members})
    check_answer("ListServiceOperations", answer, "application-signals")
    found: list[dict[str, Any]] = answer["ServiceOperations"]
    return found


def _dependencies(context: Context, keys: dict[str, str]) -> list[dict[str, Any]]:
    answer = signals.list_service_dependencies(context, {**WINDOW, "KeyAttributes": keys})
    check_answer("ListServiceDependencies", answer, "application-signals")
    found: list[dict[str, Any]] = answer["ServiceDependencies"]
    return found


def test_services_are_the_nodes_that_sent_segments_with_an_environment_by_their_platform() -> None:
    with counted([(0, chain(), ()), (0, chain(), ()), (0, request(node=Node("plain")), ())]) as context:
        assert _services(context) == [CART_KEYS, {"Type": "Service", "Name": "plain", "Environment": "generic:default"}, SHOP_KEYS]


@pytest.mark.parametrize(
    ("origin", "environment"),
    [
        ("AWS::EKS::Container", "eks:default"),
        ("AWS::Lambda", "lambda:default"),
        ("AWS::Lambda::Function", "lambda:default"),
        ("AWS::ElasticBeanstalk::Environment", "elastic-beanstalk:default"),
    ],
)
def test_an_environment_follows_from_the_origin(origin: str, environment: str) -> None:
    with counted([(0, request(node=Node("shop", origin)), ())]) as context:
        assert _services(context)[0]["Environment"] == environment


def test_only_the_hours_that_the_window_touches_count() -> None:
    with counted([(0, request(), ())]) as context:
        assert len(_services(context, StartTime=NOON + 3599, EndTime=NOON + 7200)) == 1
        assert _services(context, StartTime=NOON + 3600, EndTime=NOON + 7200) == []
        assert _services(context, StartTime=NOON - 7200, EndTime=NOON - 1) == []


def test_services_of_another_account_are_not_here() -> None:
    with counted([(0, request(), ())]) as context:
        assert _services(context, AwsAccountId="999988887777") == []
        assert len(_services(context, AwsAccountId="111122223333", IncludeLinkedAccounts="true")) == 1


def test_times_come_from_a_query_string_as_numbers_or_as_iso_8601() -> None:
    with counted([(0, request(), ())]) as context:
        assert len(_services(context, StartTime=str(NOON), EndTime=str(NOON + 60))) == 1
        assert len(_services(context, StartTime="2026-09-21T12:00:00Z", EndTime="2026-09-21T12:10:00")) == 1
        with pytest.raises(ApiError):
            _services(context, StartTime="noon")
        with pytest.raises(ApiError):
            _services(context, StartTime="nan")


def test_lists_come_in_pages() -> None:
    with counted([(0, chain(), ())]) as context:
        first = signals.list_services(context, {**WINDOW, "MaxResults": "1"})
        second = signals.list_services(context, {**WINDOW, "MaxResults": "1", "NextToken": first["NextToken"]})
    assert [each["KeyAttributes"]["Name"] for each in (*first["ServiceSummaries"], *second["ServiceSummaries"])] == ["cart", "shop"]
    assert second["NextToken"] is None


def test_an_operation_refers_to_its_three_metrics() -> None:
    with counted([(0, chain(), ())]) as context:
        (operation,) = _operations(context, SHOP_KEYS)
    assert operation["Name"] == "GET /cart"
    dimensions = [
        {"Name": "Environment", "Value": "ecs:default"},
        {"Name": "Service", "Value": "shop"},
        {"Name": "Operation", "Value": "GET /cart"},
    ]
    assert operation["MetricReferences"] == [
        {
            "Namespace": "ApplicationSignals",
            "MetricType": kind,
            "Dimensions": dimensions,
            "MetricName": name,
            "AccountId": "111122223333",
        }
        for kind, name in (("LATENCY", "Latency"), ("FAULT", "Fault"), ("ERROR", "Error"))
    ]


def test_operations_are_those_of_the_service_asked_for() -> None:
    traces = [(0.0, request(operation=text), ()) for text in ("GET /a", "POST /a/1", "POST /a/2")]
    with counted([*traces, (0, request(node=CART, operation="GET /b"), ()), (0, request(), ())]) as context:
        assert [each["Name"] for each in _operations(context, SHOP_KEYS)] == ["GET /a", "InternalOperation", "POST /a"]
        assert _operations(context, {**SHOP_KEYS, "Environment": "eks:default"}) == []
        assert _operations(context, {**SHOP_KEYS, "Type": "RemoteService"}) == []
        assert len(_operations(context, {**SHOP_KEYS, "AwsAccountId": "111122223333"})) == 3


def test_a_dependency_names_the_caller_s_operation_and_the_callee_s() -> None:
    with counted([(0, chain(), ())]) as context:
        (dependency,) = _dependencies(context, SHOP_KEYS)
    assert dependency["OperationName"] == "GET /cart"
    assert dependency["DependencyKeyAttributes"] == CART_KEYS
    assert dependency["DependencyOperationName"] == "GET /items"
    assert [each["MetricType"] for each in dependency["MetricReferences"]] == ["LATENCY", "FAULT", "ERROR"]
    assert dependency["MetricReferences"][0]["Dimensions"] == [
        {"Name": "Environment", "Value": "ecs:default"},
        {"Name": "Service", "Value": "shop"},
        {"Name": "Operation", "Value": "GET /cart"},
        {"Name": "RemoteService", "Value": "cart"},
        {"Name": "RemoteOperation", "Value": "GET /items"},
    ]


@pytest.mark.parametrize(
    ("node", "keys"),
    [
        (PROVIDER, {"Type": "RemoteService", "Name": "pay.example.com"}),
        (Node("db", "Database::SQL"), {"Type": "RemoteService", "Name": "db"}),
        (Node("STS", "AWS::STS"), {"Type": "AWS::Service", "Name": "AWS::STS"}),
        (Node("orders", "AWS::DynamoDB::Table"), {"Type": "AWS::Resource", "ResourceType": "AWS::DynamoDB::Table", "Identifier": "orders"}),
    ],
)
def test_what_was_inferred_is_named_by_what_it_is(node: Node, keys: dict[str, str]) -> None:
    facts = trace([visit(SHOP, 1.0, root=True), visit(node, 0.5, role="inferred")], [edge(0, 1, 0.5)])
    with counted([(0, facts, ())]) as context:
        (dependency,) = _dependencies(context, SHOP_KEYS)
    assert dependency["DependencyKeyAttributes"] == keys
    assert dependency["OperationName"] == "InternalOperation"
    assert dependency["DependencyOperationName"] == "UnknownRemoteOperation"


@pytest.mark.parametrize("keys", [{}, {"Type": "Service"}, {"Type": "Service", "Name": "shop"}, {**SHOP_KEYS, "A": "1", "B": "2"}])
def test_keys_that_name_no_service_are_a_validation_error(keys: dict[str, str]) -> None:
    with counted([]) as context:
        for call in (signals.list_service_operations, signals.list_service_dependencies):
            with pytest.raises(ApiError) as refusal:
                call(context, {**WINDOW, "KeyAttributes": keys})
            assert (refusal.value.name, refusal.value.status) == ("ValidationException", 400)


@pytest.mark.parametrize("call", [signals.list_service_operations, signals.list_service_dependencies])
def test_keys_must_be_an_object(call: Callable[[Context, dict[str, Any]], dict[str, Any]]) -> None:
    with counted([]) as context, pytest.raises(ApiError):
        call(context, {**WINDOW, "KeyAttributes": "shop"})


def test_there_are_no_objectives_and_an_empty_operation_name_is_refused() -> None:
    with counted([]) as context:
        answer = signals.list_service_level_objectives(context, {"KeyAttributes": SHOP_KEYS, "OperationName": "GET /cart"})
        check_answer("ListServiceLevelObjectives", answer, "application-signals")
        assert answer == {"SloSummaries": [], "NextToken": None}
        with pytest.raises(ApiError, match="operationName"):
            signals.list_service_level_objectives(context, {"OperationName": ""})


@pytest.mark.parametrize(
    ("operation", "shown"),
    [
        ("GET /orders/17/items?x=1", "GET /orders"),
        ("GET /", "GET /"),
        ("GET /?q=1", "GET /"),
        ("POST", "POST"),
        ("Receive message", "Receive message"),
        (None, "absent"),
        ("", "absent"),
        (" /orders", "absent"),
        (f"GET /{'a' * 300}", f"GET /{'a' * 250}"),
        ("x" * 300, "x" * 255),
    ],
)
def test_an_operation_keeps_the_first_part_of_its_path(operation: str | None, shown: str) -> None:
    assert short(operation, "absent") == shown


def test_what_a_trace_no_longer_calls_is_no_longer_listed() -> None:
    facts: TraceFacts = chain()
    with counted([(0, facts, ())]) as context:
        with context.store.writing() as connection:
            rollups.apply(connection, [rollups.Counted(facts, NOON, ())], [rollups.Counted(request(), NOON, ())])
        assert _services(context) == [SHOP_KEYS]
        assert _dependencies(context, SHOP_KEYS) == []
