from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.sandbox.build_trace import TRACE_ID, segment, subsegment
from tests.sandbox.made_facts import CART, NOON, PROVIDER, SHOP, add_group, chain, counted, edge, request, trace, visit
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.graph import get_service_graph, get_trace_graph, services, tallies_of
from xray_grafana.sandbox.facts.facts import Node, TraceFacts

WINDOW = {"StartTime": NOON, "EndTime": NOON + 60}


def _graph(*traces: TraceFacts) -> list[dict[str, Any]]:
    with counted([(0, facts, ()) for facts in traces]) as context:
        return _asked(context, WINDOW)


def _asked(context: Context, asked: dict[str, Any]) -> list[dict[str, Any]]:
    answer = get_service_graph(context, asked)
    check_answer("GetServiceGraph", answer)
    found: list[dict[str, Any]] = answer["Services"]
    return found


def _names(graph: Iterable[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(each["Name"], each["Type"]) for each in graph]


def test_nodes_are_sorted_by_name_with_the_client_right_after_its_service_and_numbered() -> None:
    graph = _graph(chain())
    assert _names(graph) == [
        ("cart", "AWS::EC2::Instance"),
        ("orders", "AWS::DynamoDB::Table"),
        ("shop", "AWS::ECS::Container"),
        ("shop", "client"),
    ]
    assert [each["ReferenceId"] for each in graph] == [0, 1, 2, 3]
    assert [each["Names"] for each in graph] == [["cart"], ["orders"], ["shop"], ["shop"]]


def test_only_the_entry_service_is_root_and_only_real_services_are_active() -> None:
    graph = _graph(chain())
    assert [each["Root"] for each in graph] == [None, None, True, None]
    assert [each["State"] for each in graph] == ["active", "unknown", "active", "unknown"]


def test_edges_name_the_number_of_the_callee_and_carry_the_callers_numbers() -> None:
    cart, _, shop, client = _graph(chain())
    assert [each["ReferenceId"] for each in client["Edges"]] == [2]
    assert [each["ReferenceId"] for each in shop["Edges"]] == [0]
    assert [each["ReferenceId"] for each in cart["Edges"]] == [1]
    # The shop waited 1.5 s for what took the cart 1 s.
    assert shop["Edges"][0]["SummaryStatistics"]["TotalResponseTime"] == 1.5
    assert cart["SummaryStatistics"]["TotalResponseTime"] == 1.0


def test_the_client_has_no_statistics_but_its_edge_has_the_roots() -> None:
    *_, shop, client = _graph(request(1.5, "fault"))
    assert client["SummaryStatistics"] is None
    assert client["DurationHistogram"] is None
    assert client["ResponseTimeHistogram"] == []
    assert client["Edges"][0]["SummaryStatistics"] == shop["SummaryStatistics"]
    assert client["Edges"][0]["ResponseTimeHistogram"] == shop["ResponseTimeHistogram"] == [{"Value": 1.5, "Count": 1}]


def test_a_throttled_request_is_an_error_of_its_own_kind() -> None:
    traces = [request(1.0, "throttle"), request(1.0, "error"), request(1.0, "error"), request(1.0, "fault"), request(0.5)]
    assert _graph(*traces)[0]["SummaryStatistics"] == {
        "OkCount": 1,
        "ErrorStatistics": {"ThrottleCount": 1, "OtherCount": 2, "TotalCount": 3},
        "FaultStatistics": {"OtherCount": 1, "TotalCount": 1},
        "TotalCount": 5,
        "TotalResponseTime": 4.5,
    }


def test_an_edge_lists_the_name_under_which_the_caller_knows_the_callee() -> None:
    cart, _, shop, _ = _graph(chain())
    assert shop["Edges"][0]["Aliases"] == [{"Name": "cart", "Names": ["cart"], "Type": "remote"}]
    assert cart["Edges"][0]["Aliases"] == []


def test_calls_under_several_names_are_one_edge_with_several_aliases() -> None:
    def calling(alias: Node | None) -> TraceFacts:
        return trace([visit(SHOP, 2.0, root=True), visit(CART, 1.0)], [edge(0, 1, 1.0, alias=alias)])

    _, shop = _graph(calling(Node("cart.local", "remote")), calling(None), calling(Node("a.local", "remote")))
    (call,) = shop["Edges"]
    assert [each["Name"] for each in call["Aliases"]] == ["a.local", "cart.local"]
    assert call["SummaryStatistics"]["TotalCount"] == 3


def test_a_linked_edge_says_so_and_stands_beside_a_called_one() -> None:
    linked = trace([visit(SHOP, 2.0, root=True), visit(CART, 1.0)], [edge(0, 1, 1.0, linked=True), edge(0, 1, 0.5)])
    _, shop = _graph(linked)
    assert [(each["ReferenceId"], each["EdgeType"]) for each in shop["Edges"]] == [(0, None), (0, "link")]


def test_an_inferred_node_has_the_callers_numbers_so_that_no_node_is_without_any() -> None:
    facts = trace([visit(SHOP, 2.0, root=True), visit(PROVIDER, 0.5, "error", role="inferred")], [edge(0, 1, 0.5, "error")])
    provider, shop = _graph(facts)
    assert provider["SummaryStatistics"]["ErrorStatistics"]["OtherCount"] == 1
    assert (provider["State"], provider["Type"]) == ("unknown", "remote")
    assert shop["Edges"][0]["SummaryStatistics"] == provider["SummaryStatistics"]


def test_a_service_without_origin_has_no_type() -> None:
    graph = _graph(request(node=Node("plain")))
    assert _names(graph) == [("plain", None), ("plain", "client")]


def test_nodes_of_one_name_are_apart_by_type_and_account() -> None:
    nodes = [Node("shop", "AWS::Lambda"), Node("shop", "AWS::Lambda", "999988887777"), Node("shop", "AWS::ECS::Container")]
    graph = _graph(*(trace([visit(node, 1.0)], []) for node in nodes))
    assert [(each["Type"], each["AccountId"]) for each in graph] == [
        ("AWS::ECS::Container", None),
        ("AWS::Lambda", None),
        ("AWS::Lambda", "999988887777"),
    ]


def test_a_node_that_is_root_of_some_traces_only_is_one_node() -> None:
    graph = _graph(request(), trace([visit(CART, 2.0, root=True), visit(SHOP, 1.0)], [edge(0, 1, 1.0)]))
    assert _names(graph) == [("cart", "AWS::EC2::Instance"), ("shop", "AWS::ECS::Container"), ("shop", "client")]
    assert graph[1]["SummaryStatistics"]["TotalCount"] == 2
    assert graph[1]["Root"] is True


def test_a_trace_graph_shows_who_is_still_at_work_without_numbers() -> None:
    facts = trace([visit(SHOP, None, root=True), visit(CART, 1.0)], [edge(0, 1, None)])
    cart, shop = services(tallies_of(facts))
    assert shop["SummaryStatistics"]["TotalCount"] == 0
    assert shop["Edges"][0]["SummaryStatistics"]["TotalCount"] == 0
    assert cart["SummaryStatistics"]["TotalCount"] == 1
    check_answer("GetTraceGraph", {"Services": [cart, shop]})


def test_nodes_and_edges_know_the_seconds_in_which_their_first_and_last_traces_began() -> None:
    with counted([(0, chain(start=1.9), ()), (50, chain(start=47.2), ())]) as context:
        cart, *_, client = _asked(context, WINDOW)
    assert (cart["StartTime"], cart["EndTime"]) == (NOON + 1, NOON + 48)
    assert (client["StartTime"], client["EndTime"]) == (NOON + 1, NOON + 48)
    assert (client["Edges"][0]["StartTime"], client["Edges"][0]["EndTime"]) == (NOON + 1, NOON + 48)


def test_a_window_takes_the_traces_received_in_the_minutes_it_touches() -> None:
    received = (-61, -1, 0, 59, 60, 61)
    with counted([(at, request(), ()) for at in received]) as context:

        def total(start: float, end: float) -> int:
            graph = _asked(context, {"StartTime": NOON + start, "EndTime": NOON + end})
            return int(graph[0]["SummaryStatistics"]["TotalCount"]) if graph else 0

        assert total(0, 60) == 2
        assert total(30, 31) == 2
        assert total(-0.5, 60.5) == 5
        assert total(0, 0) == 0
        assert total(120, 600) == 0


def test_the_answer_repeats_the_window_and_has_no_further_page() -> None:
    with counted([]) as context:
        answer = get_service_graph(context, WINDOW)
    assert answer == {**WINDOW, "Services": [], "ContainsOldGroupVersions": False, "NextToken": None}


def test_a_group_is_found_by_name_and_by_arn_and_has_only_its_traces() -> None:
    with counted([(0, request(), ("slow",)), (0, request(), ())]) as context:
        arn = add_group(context, "slow")
        for named in ({"GroupName": "slow"}, {"GroupARN": arn}):
            assert _asked(context, {**WINDOW, **named})[0]["SummaryStatistics"]["TotalCount"] == 1
        assert _asked(context, {**WINDOW, "GroupName": "slow", "GroupARN": arn})[0]["SummaryStatistics"]["TotalCount"] == 1
        for named in ({"GroupName": "Default"}, {"GroupARN": "arn:aws:xray:eu-west-1:111122223333:group/Default"}, {}):
            assert _asked(context, {**WINDOW, **named})[0]["SummaryStatistics"]["TotalCount"] == 2


def test_a_name_and_an_arn_must_be_of_one_group_and_of_this_region() -> None:
    with counted([]) as context:
        arn = add_group(context, "slow")
        for named in (
            {"GroupName": "slow", "GroupARN": f"{arn}D"},
            {"GroupName": "Default", "GroupARN": arn},
            {"GroupARN": "arn:aws:xray:us-west-2:111122223333:group/Default"},
            {"GroupARN": "arn:aws:xray:eu-west-1:999988887777:group/Default"},
        ):
            with pytest.raises(ApiError, match=r"^Group not found\.$"):
                _asked(context, {**WINDOW, **named})


def test_traces_from_before_a_groups_filter_changed_are_said_to_be_of_an_old_version() -> None:
    with counted([]) as context:
        add_group(context, "slow", changed=30)
        assert get_service_graph(context, {**WINDOW, "GroupName": "slow"})["ContainsOldGroupVersions"] is True
        later = {"StartTime": NOON + 30, "EndTime": NOON + 60, "GroupName": "slow"}
        assert get_service_graph(context, later)["ContainsOldGroupVersions"] is False


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({**WINDOW, "NextToken": "1"}, "NextToken is currently not supported"),
        ({"StartTime": NOON + 1, "EndTime": NOON}, "End time cannot be earlier than start time"),
        ({"StartTime": NOON, "EndTime": NOON + 21_601}, "Time range cannot be longer than 6 hours"),
        ({**WINDOW, "GroupName": "nobody"}, "Group not found."),
        ({**WINDOW, "GroupARN": "arn:aws:xray:eu-west-1:111122223333:group/nobody/X"}, "Group not found."),
    ],
)
def test_a_service_graph_that_cannot_be_answered_says_why_as_x_ray_does(asked: dict[str, Any], message: str) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        get_service_graph(context, asked)
    assert (refusal.value.message, refusal.value.name, refusal.value.status) == (message, "InvalidRequestException", 400)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"EndTime": NOON}, "Value null at 'startTime' failed to satisfy constraint: Member must not be null"),
        ({"StartTime": NOON}, "Value null at 'endTime' failed to satisfy constraint: Member must not be null"),
        (
            {**WINDOW, "GroupName": "n" * 33},
            f"Value '{'n' * 33}' at 'groupName' failed to satisfy constraint: Member must have length less than or equal to 32",
        ),
        (
            {**WINDOW, "GroupName": ""},
            "Value '' at 'groupName' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    ],
)
def test_a_member_that_breaks_the_service_model_is_a_validation_error(asked: dict[str, Any], message: str) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        get_service_graph(context, asked)
    assert refusal.value.document == {"message": f"1 validation error detected: {message}"}
    assert refusal.value.name == "ValidationException"


@pytest.mark.parametrize("odd", ["soon", True, [1], float("nan"), -1, 1e300, 10**400, "9" * 401])
def test_a_time_that_is_none_is_a_serialization_error(odd: object) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        get_service_graph(context, {"StartTime": odd, "EndTime": NOON})
    assert refusal.value.name == "SerializationException"


def test_six_hours_to_the_second_are_answered() -> None:
    with counted([(0, request(), ()), (21_599, request(), ()), (21_600, request(), ())]) as context:
        shop, _ = _asked(context, {"StartTime": NOON, "EndTime": NOON + 21_600})
    assert shop["SummaryStatistics"]["TotalCount"] == 2


def _stored(context: Context, *documents: dict[str, Any]) -> None:
    with context.store.writing() as connection:
        for document in documents:
            connection.execute("INSERT INTO segments VALUES (?, ?, 0, 0, ?)", (document["trace_id"], document["id"], json.dumps(document)))


def test_the_graph_of_one_trace_has_times_to_the_millisecond_and_no_window() -> None:
    call = subsegment("cart", 2, 0.25, 1.5, namespace="remote")
    with counted([]) as context:
        _stored(
            context,
            segment("shop", 1, 0.0, 1.234, origin="AWS::ECS::Container", subsegments=[call]),
            segment("cart", 3, 0.5, 1.25, parent=2, origin="AWS::EC2::Instance"),
        )
        answer = get_trace_graph(context, {"TraceIds": [TRACE_ID]})
    check_answer("GetTraceGraph", answer)
    assert _names(answer["Services"]) == [("cart", "AWS::EC2::Instance"), ("shop", "AWS::ECS::Container"), ("shop", "client")]
    cart, shop, client = answer["Services"]
    assert shop["ResponseTimeHistogram"] == [{"Value": 1.234, "Count": 1}]
    assert shop["Edges"][0]["SummaryStatistics"]["TotalResponseTime"] == 1.25
    assert cart["DurationHistogram"] == [{"Value": 0.75, "Count": 1}]
    assert [each["StartTime"] for each in (cart, client, client["Edges"][0])] == [None, None, None]
    assert [(each["HostedIn"], each["KeyAttributes"], each["Region"]) for each in (cart, shop, client)] == [(None, None, None)] * 3
    assert answer["NextToken"] is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"TraceIds": []}, "Zero trace ids provided"),
        ({"TraceIds": [TRACE_ID, TRACE_ID]}, "Currently only one trace Id is supported"),
        ({"TraceIds": ["1-2-3"]}, "Invalid traceId. ErrorCode: InvalidId"),
        ({"TraceIds": [f"{TRACE_ID}0"]}, "Invalid traceId. ErrorCode: InvalidId"),
        ({"TraceIds": [TRACE_ID.upper()]}, "Trace id not found"),
        ({"TraceIds": [TRACE_ID]}, "Trace id not found"),
        ({"TraceIds": [TRACE_ID], "NextToken": "1"}, "NextToken is currently not supported"),
        ({}, "1 validation error detected: Value null at 'traceIds' failed to satisfy constraint: Member must not be null"),
        ({"TraceIds": [7]}, "traceIds is not of the type that the service model gives it"),
        ({"TraceIds": TRACE_ID}, "traceIds is not of the type that the service model gives it"),
    ],
)
def test_a_trace_graph_that_cannot_be_answered_says_why_as_x_ray_does(asked: dict[str, Any], message: str) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        get_trace_graph(context, asked)
    assert refusal.value.message == message


def test_a_window_with_one_trace_and_the_graph_of_that_trace_count_the_same() -> None:
    facts = chain("fault")

    def numbers(graph: list[dict[str, Any]]) -> list[tuple[Any, list[Any]]]:
        return [(each["SummaryStatistics"], [call["SummaryStatistics"] for call in each["Edges"]]) for each in graph]

    assert numbers(_graph(facts)) == numbers(services(tallies_of(facts)))
