from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.made_facts import CART, NOON, PROVIDER, SHOP, add_group, counted, edge, request, trace, visit
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.insights import get_insight, get_insight_events, get_insight_impact_graph, get_insight_summaries
from xray_grafana.sandbox.facts.facts import TraceFacts
from xray_grafana.xray.outcome import Outcome

Received = list[tuple[float, TraceFacts, tuple[str, ...]]]

UNKNOWN = "00000000-0000-5000-8000-000000000000"


def _through_the_cart(shop: Outcome, cart: Outcome) -> TraceFacts:
    client = visit(SHOP._replace(type="client"), 1.0, None, role="client")
    return trace([visit(SHOP, 1.0, shop, root=True), client, visit(CART, 0.5, cart)], [edge(1, 0, 1.0, shop), edge(0, 2, 0.5, cart)])


def _minutes(first: int, end: int, facts: TraceFacts, times: int = 4) -> Received:
    return [(60 * minute + 15 * number, facts, ("paid",)) for minute in range(first, end) for number in range(times)]


def _outage(begin: int = 30, end: int = 40) -> Received:
    """Four requests a minute from noon to one; the cart fails all from `begin` on, and the shop with it, a minute later."""
    good, cart, both = _through_the_cart("ok", "ok"), _through_the_cart("ok", "fault"), _through_the_cart("fault", "fault")
    return [
        *_minutes(0, begin, good),
        *_minutes(begin, begin + 1, cart),
        *_minutes(begin + 1, end, both),
        *_minutes(end, 60, good),
    ]


def _summaries(context: Context, **members: object) -> dict[str, Any]:
    answer = get_insight_summaries(context, {"StartTime": NOON, "EndTime": NOON + 3600, "GroupName": "paid", **members})
    check_answer("GetInsightSummaries", answer)
    return answer


def test_an_outage_that_is_over_is_one_closed_insight_whose_cause_is_the_service_behind() -> None:
    with counted(_outage(), now=3600) as context:
        arn = add_group(context, "paid", insights=True)
        (insight,) = _summaries(context)["InsightSummaries"]
    cart = {"Name": "cart", "Names": ["cart"], "AccountId": None, "Type": "AWS::EC2::Instance"}
    shop = {"Name": "shop", "Names": ["shop"], "AccountId": None, "Type": "AWS::ECS::Container"}
    assert insight == {
        "InsightId": insight["InsightId"],
        "GroupARN": arn,
        "GroupName": "paid",
        "RootCauseServiceId": cart,
        "Categories": ["FAULT"],
        "State": "CLOSED",
        "StartTime": NOON + 30 * 60,
        "EndTime": NOON + 40 * 60,
        "Summary": "Faults rose. 100% of its requests failed from 12:30 to 12:40 UTC, 0% before. The root cause is cart.",
        # Ten minutes of four requests; in the first of them the shop still answered.
        "ClientRequestImpactStatistics": {"FaultCount": 36, "OkCount": 4, "TotalCount": 40},
        "RootCauseServiceRequestImpactStatistics": {"FaultCount": 40, "OkCount": 0, "TotalCount": 40},
        "TopAnomalousServices": [{"ServiceId": cart}, {"ServiceId": shop}],
        "LastUpdateTime": NOON + 45 * 60,
    }


def test_an_outage_that_goes_on_is_active_and_has_no_end() -> None:
    with counted(_outage(end=60), now=3600) as context:
        add_group(context, "paid", insights=True)
        (insight,) = _summaries(context)["InsightSummaries"]
    assert (insight["State"], insight["EndTime"], insight["LastUpdateTime"]) == ("ACTIVE", None, NOON + 3600)
    assert insight["Summary"] == "Faults rose. 100% of its requests failed from 12:30 UTC, 0% before. The root cause is cart."


def test_the_id_is_a_uuid_and_the_same_whenever_and_however_it_is_asked_for() -> None:
    ids = []
    for now in (2100, 2400, 3000, 3600, 50_000):
        with counted(_outage(), now=now) as context:
            add_group(context, "paid", insights=True)
            for start in (-60_000, 0, 1700, 1800):
                (insight,) = _summaries(context, StartTime=NOON + start)["InsightSummaries"]
                ids.append(insight["InsightId"])
    assert len(set(ids)) == 1
    assert len(ids[0]) == 36


def test_insights_are_found_in_the_window_in_which_they_began() -> None:
    with counted(_outage()) as context:
        add_group(context, "paid", insights=True)
        assert len(_summaries(context, EndTime=NOON + 1801)["InsightSummaries"]) == 1
        assert _summaries(context, EndTime=NOON + 1800)["InsightSummaries"] == []
        assert _summaries(context, StartTime=NOON + 1860)["InsightSummaries"] == []


def test_an_inferred_service_can_be_the_cause() -> None:
    def paying(outcome: Outcome) -> TraceFacts:
        visits = [visit(SHOP, 1.0, outcome, root=True), visit(PROVIDER, 0.5, outcome, role="inferred")]
        return trace(visits, [edge(0, 1, 0.5, outcome)])

    with counted([*_minutes(0, 20, paying("ok")), *_minutes(20, 30, paying("fault"))], now=1800) as context:
        add_group(context, "paid", insights=True)
        (insight,) = _summaries(context)["InsightSummaries"]
    assert insight["RootCauseServiceId"]["Name"] == "pay.example.com"
    assert [each["ServiceId"]["Name"] for each in insight["TopAnomalousServices"]] == ["pay.example.com", "shop"]


def test_services_that_do_not_call_each_other_fail_apart() -> None:
    failing = [
        *_minutes(0, 10, request()),
        *_minutes(10, 20, request(outcome="fault")),
        *_minutes(0, 12, request(node=CART)),
        *_minutes(12, 20, request(outcome="fault", node=CART)),
    ]
    with counted(failing) as context:
        add_group(context, "paid", insights=True)
        found = _summaries(context)["InsightSummaries"]
    # The newest first.
    assert [each["RootCauseServiceId"]["Name"] for each in found] == ["cart", "shop"]


def test_outages_of_a_service_that_lie_apart_are_insights_of_their_own() -> None:
    good, bad = request(), request(outcome="fault")
    with counted(
        [*_minutes(-10, 0, good), *_minutes(0, 10, bad), *_minutes(10, 20, good), *_minutes(20, 30, bad), *_minutes(30, 40, good)]
    ) as context:
        add_group(context, "paid", insights=True)
        found = _summaries(context)["InsightSummaries"]
    assert [each["StartTime"] for each in found] == [NOON + 1200, NOON]
    assert len({each["InsightId"] for each in found}) == 2


def test_a_state_chooses_among_them() -> None:
    good, bad = request(), request(outcome="fault")
    with counted([*_minutes(-10, 0, good), *_minutes(0, 10, bad), *_minutes(10, 20, good), *_minutes(20, 30, bad)], now=1800) as context:
        add_group(context, "paid", insights=True)
        assert [each["State"] for each in _summaries(context)["InsightSummaries"]] == ["ACTIVE", "CLOSED"]
        assert [each["StartTime"] for each in _summaries(context, States=["ACTIVE"])["InsightSummaries"]] == [NOON + 1200]
        assert [each["StartTime"] for each in _summaries(context, States=["CLOSED"])["InsightSummaries"]] == [NOON]
        assert len(_summaries(context, States=[])["InsightSummaries"]) == 2


def test_summaries_come_in_pages() -> None:
    good, bad = request(), request(outcome="fault")
    with counted([*_minutes(-10, 0, good), *_minutes(0, 10, bad), *_minutes(10, 20, good), *_minutes(20, 30, bad)], now=1800) as context:
        add_group(context, "paid", insights=True)
        first = _summaries(context, MaxResults=1)
        second = _summaries(context, MaxResults=1, NextToken=first["NextToken"])
    assert [each["StartTime"] for each in (*first["InsightSummaries"], *second["InsightSummaries"])] == [NOON + 1200, NOON]
    assert second["NextToken"] is None
    assert second["InsightSummaries"][0]["LastUpdateTime"] == NOON + 15 * 60


def test_a_group_without_insights_has_none() -> None:
    with counted(_outage()) as context:
        add_group(context, "paid", insights=False)
        assert _summaries(context) == {"InsightSummaries": [], "NextToken": None}
        assert _summaries(context, GroupName="Default") == {"InsightSummaries": [], "NextToken": None}


def test_default_has_insights_once_they_are_enabled_and_an_arn_of_its_own() -> None:
    with counted(_outage()) as context:
        add_group(context, "Default", insights=True)
        (insight,) = _summaries(context, GroupName="Default")["InsightSummaries"]
    assert (insight["GroupName"], insight["GroupARN"]) == ("Default", "arn:aws:xray:eu-west-1:111122223333:group/Default")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"GroupName": None}, "GroupName or GroupARN required"),
        ({"GroupName": "nobody"}, "Group not found."),
        ({"StartTime": NOON + 4000}, "End time cannot be earlier than start time"),
        ({"StartTime": NOON - 31 * 86_400}, "Start time cannot be more than 30 days old"),
        ({"NextToken": "x"}, "Invalid token x"),
    ],
)
def test_summaries_that_cannot_be_answered_say_why(members: dict[str, Any], message: str) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        _summaries(context, **members)
    assert (refusal.value.message, refusal.value.name) == (message, "InvalidRequestException")


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"States": ["OPEN"]}, "ValidationException"),
        ({"States": ["ACTIVE", "CLOSED"]}, "ValidationException"),
        ({"States": "ACTIVE"}, "SerializationException"),
        ({"MaxResults": 0}, "ValidationException"),
        ({"MaxResults": 101}, "ValidationException"),
        ({"MaxResults": 1.5}, "SerializationException"),
        ({"MaxResults": "9" * 5_000}, "SerializationException"),
    ],
)
def test_summaries_asked_for_against_the_service_model_are_refused(members: dict[str, Any], name: str) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        _summaries(context, **members)
    assert refusal.value.name == name


def test_one_insight_is_found_by_its_id_in_either_case() -> None:
    with counted(_outage()) as context:
        add_group(context, "paid", insights=True)
        (summary,) = _summaries(context)["InsightSummaries"]
        answer = get_insight(context, {"InsightId": summary["InsightId"]})
        again = get_insight(context, {"InsightId": summary["InsightId"].upper()})
    check_answer("GetInsight", answer)
    assert answer == again
    assert answer["Insight"] == {name: value for name, value in summary.items() if name != "LastUpdateTime"}


def test_an_insight_that_is_not_there_is_refused() -> None:
    with counted(_outage()) as context:
        add_group(context, "paid", insights=True)
        with pytest.raises(ApiError, match="Insight not found"):
            get_insight(context, {"InsightId": UNKNOWN})
        with pytest.raises(ApiError, match="Insight not found"):
            get_insight(context, {"InsightId": f"{int(NOON // 60) + 30:08x}{UNKNOWN[8:]}"})
        with pytest.raises(ApiError, match="regular expression pattern"):
            get_insight(context, {"InsightId": "first"})
        with pytest.raises(ApiError, match="Member must not be null"):
            get_insight(context, {})


def test_events_tell_when_services_began_to_fail_and_when_it_was_over() -> None:
    with counted(_outage()) as context:
        add_group(context, "paid", insights=True)
        insight_id = _summaries(context)["InsightSummaries"][0]["InsightId"]
        answer = get_insight_events(context, {"InsightId": insight_id})
        first = get_insight_events(context, {"InsightId": insight_id, "MaxResults": 2})
        rest = get_insight_events(context, {"InsightId": insight_id, "MaxResults": 2, "NextToken": first["NextToken"]})
    check_answer("GetInsightEvents", answer)
    events = answer["InsightEvents"]
    # The third bad minute of the cart is 12:32, the shop's 12:33; the last is 12:39, and five quiet ones follow.
    assert [(each["EventTime"] - NOON) / 60 for each in events] == [45, 34, 33]
    assert [each["Summary"] for each in events] == [
        "No further faults were noticed. The insight was closed.",
        "shop began to fail.",
        "cart began to fail.",
    ]
    assert [[one["ServiceId"]["Name"] for one in each["TopAnomalousServices"]] for each in events] == [
        ["cart", "shop"],
        ["cart", "shop"],
        ["cart"],
    ]
    # 12:30 to 12:33: twelve requests, the first four of them still answered by the shop.
    assert events[2]["ClientRequestImpactStatistics"] == {"FaultCount": 8, "OkCount": 4, "TotalCount": 12}
    assert events[2]["RootCauseServiceRequestImpactStatistics"] == {"FaultCount": 12, "OkCount": 0, "TotalCount": 12}
    assert [*first["InsightEvents"], *rest["InsightEvents"]] == events


def test_services_that_begin_to_fail_together_are_one_event() -> None:
    both = _through_the_cart("fault", "fault")
    with counted([*_minutes(0, 5, _through_the_cart("ok", "ok")), *_minutes(5, 20, both)], now=1200) as context:
        add_group(context, "paid", insights=True)
        insight_id = _summaries(context)["InsightSummaries"][0]["InsightId"]
        (event,) = get_insight_events(context, {"InsightId": insight_id})["InsightEvents"]
    assert event["Summary"] == "cart and shop began to fail."


def test_the_impact_graph_has_the_failing_services_and_who_calls_them() -> None:
    with counted([*_outage(), *_minutes(0, 60, request(node=PROVIDER))]) as context:
        add_group(context, "paid", insights=True)
        insight_id = _summaries(context)["InsightSummaries"][0]["InsightId"]
        window = {"StartTime": NOON + 1800, "EndTime": NOON + 2400}
        answer = get_insight_impact_graph(context, {"InsightId": insight_id, **window})
        with pytest.raises(ApiError, match="longer than 6 hours"):
            get_insight_impact_graph(context, {"InsightId": insight_id, "StartTime": NOON, "EndTime": NOON + 21_601})
    check_answer("GetInsightImpactGraph", answer)
    cart, shop, client = answer["Services"]
    assert [(each["Name"], each["Type"]) for each in (cart, shop, client)] == [
        ("cart", "AWS::EC2::Instance"),
        ("shop", "AWS::ECS::Container"),
        ("shop", "client"),
    ]
    assert (cart["Edges"], shop["Edges"]) == ([], [{"ReferenceId": cart["ReferenceId"]}])
    assert client["Edges"] == [{"ReferenceId": shop["ReferenceId"]}]
    assert (answer["StartTime"], answer["EndTime"]) == (NOON + 1800, NOON + 2400)
    assert (answer["ServiceGraphStartTime"], answer["ServiceGraphEndTime"]) == (NOON + 1800, NOON + 2400)


def test_an_outage_of_more_than_a_day_is_followed_for_a_day() -> None:
    hours = 40
    with counted([*_minutes(-10, 0, request()), *_minutes(0, 60 * hours, request(outcome="fault"), times=3)], now=3600 * hours) as context:
        add_group(context, "paid", insights=True)
        (insight,) = _summaries(context, EndTime=NOON + 60)["InsightSummaries"]
    # Block of six hours and a day.
    assert (insight["State"], insight["EndTime"]) == ("CLOSED", NOON + 30 * 3600)


def test_before_anything_happened_there_is_nothing() -> None:
    with counted([], now=-10 * 86_400) as context:
        add_group(context, "paid", insights=True)
        assert _summaries(context)["InsightSummaries"] == []
