from __future__ import annotations

from typing import Any, Final

import pytest

from tests.sandbox.made_facts import NOON, add_group, chain, counted, request
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.statistics import PAGE, get_time_series_service_statistics
from xray_grafana.sandbox.facts.facts import TraceFacts

NONE: Final[dict[str, Any]] = {
    "EdgeSummaryStatistics": None,
    "ServiceSummaryStatistics": None,
    "ServiceForecastStatistics": {},
    "ResponseTimeHistogram": [],
}


def _asked(context: Context, start: float, end: float, **members: object) -> dict[str, Any]:
    answer = get_time_series_service_statistics(context, {"StartTime": NOON + start, "EndTime": NOON + end, **members})
    check_answer("GetTimeSeriesServiceStatistics", answer)
    return answer


def _stamps(answer: dict[str, Any]) -> list[float]:
    return [each["Timestamp"] - NOON for each in answer["TimeSeriesServiceStatistics"]]


def _at(*moments: float) -> list[tuple[float, TraceFacts, tuple[str, ...]]]:
    return [(at, request(), ()) for at in moments]


def test_buckets_are_stamped_with_their_end_and_the_newest_comes_first() -> None:
    with counted(_at(0, 59, 60, 200)) as context:
        assert _stamps(_asked(context, 0, 3600)) == [240, 120, 60]


def test_a_bucket_is_there_when_its_end_is_in_the_window_without_the_windows_end() -> None:
    with counted(_at(0, 60, 120)) as context:
        assert _stamps(_asked(context, 60, 180)) == [120, 60]
        assert _stamps(_asked(context, 61, 181)) == [180, 120]
        assert _stamps(_asked(context, 60.9, 60.99)) == []
        assert _stamps(_asked(context, 60, 61)) == [60]
        assert _stamps(_asked(context, 60, 60)) == []


def test_five_minutes_end_on_the_fives() -> None:
    with counted(_at(0, 250, 300, 899)) as context:
        assert _stamps(_asked(context, 0, 3600, Period=300)) == [900, 600, 300]
        assert _stamps(_asked(context, 300, 900, Period=300)) == [600, 300]


def test_what_is_not_over_yet_is_not_in_the_answer() -> None:
    with counted(_at(0, 60, 120), now=179.9) as context:
        assert _stamps(_asked(context, 0, 3600)) == [120, 60]
        assert _stamps(_asked(context, 0, 3600, Period=300)) == []
    with counted(_at(0, 60, 120), now=180) as context:
        assert _stamps(_asked(context, 0, 3600)) == [180, 120, 60]


def test_without_a_selector_the_requests_of_clients_are_counted_at_their_edges() -> None:
    with counted([(0, chain("fault"), ()), (30, chain(), ()), (30, request(0.5, "throttle"), ())]) as context:
        (bucket,) = _asked(context, 0, 3600)["TimeSeriesServiceStatistics"]
    assert bucket == {
        "Timestamp": NOON + 60,
        "EdgeSummaryStatistics": {
            "OkCount": 1,
            "ErrorStatistics": {"ThrottleCount": 1, "OtherCount": 0, "TotalCount": 1},
            "FaultStatistics": {"OtherCount": 1, "TotalCount": 1},
            "TotalCount": 3,
            "TotalResponseTime": 4.5,  # 2 + 2 + 0.5
        },
        "ServiceSummaryStatistics": None,
        "ServiceForecastStatistics": {},
        "ResponseTimeHistogram": [{"Value": 0.5, "Count": 1}, {"Value": 2.0, "Count": 2}],
    }


@pytest.mark.parametrize(
    ("selector", "member", "seconds"),
    [
        ('service("cart")', "ServiceSummaryStatistics", 1.0),
        ('service("orders")', "ServiceSummaryStatistics", 0.25),
        ('service(id(name: "shop", type: "AWS::ECS::Container"))', "ServiceSummaryStatistics", 2.0),
        ('service(id(type: "AWS::DynamoDB::Table"))', "ServiceSummaryStatistics", 0.25),
        ("service()", "ServiceSummaryStatistics", 3.25),
        ('edge("shop", "cart")', "EdgeSummaryStatistics", 1.5),
        ('edge("cart", id(type: "AWS::DynamoDB::Table"))', "EdgeSummaryStatistics", 0.25),
        ('edge(id(name: "shop", type: "client"), "shop")', "EdgeSummaryStatistics", 2.0),
    ],
)
def test_a_selector_chooses_a_service_or_an_edge(selector: str, member: str, seconds: float) -> None:
    with counted([(0, chain(), ())]) as context:
        (bucket,) = _asked(context, 0, 61, EntitySelectorExpression=selector)["TimeSeriesServiceStatistics"]
    assert bucket[member]["TotalResponseTime"] == seconds
    assert [name for name in ("EdgeSummaryStatistics", "ServiceSummaryStatistics") if bucket[name]] == [member]


@pytest.mark.parametrize("selector", ['service("nobody")', 'service(id(name: "shop", type: "client"))', 'edge("cart", "shop")'])
def test_a_selector_that_matches_nothing_leaves_the_timestamps(selector: str) -> None:
    with counted([(0, chain(), ()), (120, chain(), ())]) as context:
        buckets = _asked(context, 0, 3600, EntitySelectorExpression=selector)["TimeSeriesServiceStatistics"]
    assert buckets == [{"Timestamp": NOON + 180, **NONE}, {"Timestamp": NOON + 60, **NONE}]


def test_five_minutes_add_up() -> None:
    with counted([(at, request(1.0), ()) for at in (0, 60, 299)]) as context:
        (bucket,) = _asked(context, 0, 600, Period=300)["TimeSeriesServiceStatistics"]
    assert bucket["EdgeSummaryStatistics"]["TotalCount"] == 3
    assert bucket["ResponseTimeHistogram"] == [{"Value": 1.0, "Count": 3}]


def test_a_group_has_only_its_traces() -> None:
    with counted([(0, request(), ("slow",)), (0, request(), ()), (60, request(), ())]) as context:
        arn = add_group(context, "slow", changed=10)
        for named in ({"GroupName": "slow"}, {"GroupARN": arn}):
            answer = _asked(context, 0, 3600, **named)
            assert [each["EdgeSummaryStatistics"]["TotalCount"] for each in answer["TimeSeriesServiceStatistics"]] == [1]
            assert answer["ContainsOldGroupVersions"] is True
        assert _asked(context, 0, 3600)["ContainsOldGroupVersions"] is False


def test_a_long_answer_comes_in_pages_that_together_hold_every_bucket_once() -> None:
    minutes = 2 * PAGE + 1
    with counted(_at(*(60 * minute for minute in range(minutes))), now=21_600) as context:
        pages = [_asked(context, 0, 21_600)]
        while pages[-1]["NextToken"]:
            pages.append(_asked(context, 0, 21_600, NextToken=pages[-1]["NextToken"]))
    assert [len(_stamps(page)) for page in pages] == [PAGE, PAGE, 1]
    stamps = [stamp for page in pages for stamp in _stamps(page)]
    assert stamps == [60.0 * minute for minute in range(minutes, 0, -1)]
    assert all(bucket["EdgeSummaryStatistics"] for page in pages for bucket in page["TimeSeriesServiceStatistics"])


def test_forecasts_may_be_asked_for_and_are_empty() -> None:
    with counted(_at(0)) as context:
        (bucket,) = _asked(context, 0, 61, ForecastStatistics=True)["TimeSeriesServiceStatistics"]
    assert bucket["ServiceForecastStatistics"] == {}


@pytest.mark.parametrize("period", [10, 30, 61, 120, 3600, 0, -60])
def test_a_period_that_x_ray_does_not_know_is_refused(period: int) -> None:
    with counted([]) as context, pytest.raises(ApiError, match=r"^Time period must be one of \[60, 300\]$"):
        _asked(context, 0, 60, Period=period)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"StartTime": NOON + 100}, "End time cannot be earlier than start time"),
        ({"EndTime": NOON + 21_601}, "Time range cannot be longer than 6 hours"),
        ({"NextToken": "next"}, "Invalid token next"),
        ({"NextToken": "9999999999"}, "Invalid token 9999999999"),
        ({"GroupName": "nobody"}, "Group not found."),
        ({"EntitySelectorExpression": 'service("a") AND ok'}, None),
        ({"EntitySelectorExpression": 'service("a") { fault }'}, None),
        ({"EntitySelectorExpression": 'id(name: "a")'}, None),
        ({"EntitySelectorExpression": "fault"}, None),
    ],
)
def test_what_cannot_be_answered_is_refused_as_x_ray_does(members: dict[str, Any], message: str | None) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        get_time_series_service_statistics(context, {"StartTime": NOON, "EndTime": NOON + 60, **members})
    assert refusal.value.name == "InvalidRequestException"
    if message is None:
        assert refusal.value.message.startswith("Error Location: line 1, position ")
    else:
        assert refusal.value.message == message


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"EntitySelectorExpression": f'service("{"x" * 500}")'}, "ValidationException"),
        ({"EntitySelectorExpression": ""}, "ValidationException"),
        ({"EntitySelectorExpression": 7}, "SerializationException"),
        ({"Period": "60"}, "SerializationException"),
        ({"Period": True}, "SerializationException"),
    ],
)
def test_a_member_that_breaks_the_service_model_is_refused_by_the_framework(members: dict[str, Any], name: str) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        get_time_series_service_statistics(context, {"StartTime": NOON, "EndTime": NOON + 60, **members})
    assert refusal.value.name == name
