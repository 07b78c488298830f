"""GetTraceSummaries over a store in memory. Times are seconds after NOON; a trace of `request` lasts one second by itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.sandbox.made_facts import CART, NOON, chain, context_of, request, trace, visit
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.groups import create_group
from xray_grafana.sandbox.api.summaries import LOOKED_AT_MAX, PAGE_MATCHES, SCANNED_MAX, get_trace_summaries
from xray_grafana.sandbox.derivation.derive import _columns
from xray_grafana.sandbox.facts.facts import Http, TraceFacts, dump
from xray_grafana.sandbox.store.store import Store

INSERT = """
INSERT INTO traces (id, received, revision, dirty, start, finish, root_start, duration, response, status,
    fault, error, throttle, ok, partial, facts) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@pytest.fixture
def context() -> Iterator[Context]:
    store = Store.open(None)
    yield context_of(store, 0.0)
    store.close()


def keep(context: Context, traces: Sequence[TraceFacts], *, received: float = 0.0, revision: int = 1) -> list[str]:
    """Puts traces into the store as derivation leaves them; their ids."""
    rows = [(facts.id, NOON + received, revision, *_columns(facts), dump(facts)) for facts in traces]
    with context.store.writing() as connection:
        connection.executemany(INSERT, rows)
    return [facts.id for facts in traces]


def asked(start: float = 0.0, end: float = 3600.0, **members: Any) -> dict[str, Any]:
    return {"StartTime": NOON + start, "EndTime": NOON + end, **members}


def page(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    answer = get_trace_summaries(context, request)
    check_answer("GetTraceSummaries", answer)
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [summary["Id"] for summary in answer["TraceSummaries"]]


def pages(context: Context, request: dict[str, Any]) -> list[dict[str, Any]]:
    found = [page(context, request)]
    while found[-1]["NextToken"] is not None:
        found.append(page(context, {**request, "NextToken": found[-1]["NextToken"]}))
    return found


def found_ids(context: Context, request: dict[str, Any]) -> list[str]:
    return [each for answer in pages(context, request) for each in ids(answer)]


def refused(context: Context, request: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        get_trace_summaries(context, request)
    assert caught.value.status == 400
    return caught.value.name, caught.value.message


def test_an_empty_store_answers_empty(context: Context) -> None:
    assert page(context, asked()) == {"TraceSummaries": [], "ApproximateTime": NOON, "TracesProcessedCount": 0, "NextToken": None}


def test_traces_of_the_range_come_newest_first(context: Context) -> None:
    first, second, third, _, _ = keep(context, [request(start=at) for at in (0.0, 1800.0, 3600.0, -0.5, 3600.5)])
    answer = page(context, asked())
    assert ids(answer) == [third, second, first]
    assert answer["TracesProcessedCount"] == 3
    assert answer["NextToken"] is None


def test_a_trace_is_shown_with_its_revision(context: Context) -> None:
    keep(context, [request(2.0, "fault", start=60.0)], revision=3)
    (summary,) = page(context, asked())["TraceSummaries"]
    assert summary["StartTime"] == NOON + 60
    assert (summary["Duration"], summary["ResponseTime"]) == (2.0, 2.0)
    assert (summary["HasFault"], summary["HasError"], summary["IsPartial"]) == (True, False, False)
    assert summary["Revision"] == 3
    assert summary["MatchedEventTime"] is None


@pytest.mark.parametrize(
    ("filter_expression", "expected"),
    [
        (None, ["slow", "faulty", "fine"]),
        ("", ["slow", "faulty", "fine"]),
        (" \n ", ["slow", "faulty", "fine"]),
        ("fault", ["faulty"]),
        ("!fault", ["slow", "fine"]),
        ("duration > 5", ["slow"]),
        ("duration < 5 AND ok", ["fine"]),
        ('service("cart")', ["faulty"]),
        ('service("cart") { fault }', ["faulty"]),
        ('service("cart") { ok }', []),
        ('service("shop") { responsetime > 5 } OR http.status = 200', ["slow", "fine"]),
        ('group.name = "faults"', ["faulty"]),
        ('group.name != "faults"', ["slow", "fine"]),
        ('group.arn = "arn:aws:xray:eu-west-1:111122223333:group/Default" AND ok', ["slow", "fine"]),
        ('group.name = "absent"', []),
    ],
)
def test_a_filter_finds_its_traces(context: Context, filter_expression: str | None, expected: list[str]) -> None:
    fine = request(start=1.0)
    fine = fine._replace(visits=(fine.visits[0]._replace(http=Http(status=200)), *fine.visits[1:]))
    kept = keep(context, [fine, chain("fault", start=2.0), request(9.0, start=3.0)])
    names = dict(zip(kept, ("fine", "faulty", "slow"), strict=True))
    create_group(context, {"GroupName": "faults", "FilterExpression": "fault"})
    answer = page(context, asked(FilterExpression=filter_expression))
    assert [names[each] for each in ids(answer)] == expected
    assert answer["TracesProcessedCount"] == 3


def test_what_is_no_filter_is_refused_with_its_position(context: Context) -> None:
    message = "Error Location: line 1, position 9 : missing ')' at end of expression"
    assert refused(context, asked(FilterExpression="((fault)")) == ("InvalidRequestException", message)


# --- clocks


def test_under_trace_id_a_trace_stands_where_its_root_begins_and_without_one_where_it_begins(context: Context) -> None:
    early, partial, late = keep(
        context,
        [request(start=10.0)._replace(start=NOON - 5), trace([visit(CART, 1.0, start=20.0)], []), request(start=30.0)],
    )
    keep(context, [trace([visit(CART, 1.0, start=-1.0)], [])])
    assert ids(page(context, asked(0.0, 100.0))) == [late, partial, early]


def test_under_event_a_trace_stands_at_its_newest_receipt(context: Context) -> None:
    (old,) = keep(context, [request(start=-9000.0)], received=5.0)
    keep(context, [request(start=6.0)], received=4000.0)
    answer = page(context, asked(TimeRangeType="Event"))
    assert ids(answer) == [old]
    assert answer["TraceSummaries"][0]["MatchedEventTime"] == NOON + 5
    assert answer["ApproximateTime"] == NOON


def test_under_service_a_trace_is_there_while_it_goes_on_and_a_minute_longer(context: Context) -> None:
    before, over, until, opened, partial = keep(
        context,
        [
            request(10.0, start=-22.0),  # ended 12 s before the range
            request(90.0, start=-60.0),
            request(1.0, start=100.0),
            trace([visit(CART, None, root=True, start=-500.0)], []),
            trace([visit(CART, 1.0, start=-40.0)], []),
        ],
        received=5.0,
    )
    keep(context, [request(10.0, start=-71.0), request(start=100.5), trace([visit(CART, 1.0, start=-61.5)], [])])
    answer = page(context, asked(0.0, 100.0, TimeRangeType="Service"))
    assert ids(answer) == [until, before, partial, over, opened]
    assert answer["ApproximateTime"] == NOON - 60
    assert {summary["MatchedEventTime"] for summary in answer["TraceSummaries"]} == {NOON + 5}


def test_traces_that_are_not_read_yet_are_passed_over(context: Context) -> None:
    with context.store.writing() as connection:
        connection.execute("INSERT INTO traces (id, received, revision, dirty) VALUES ('1-6ab11540-0', ?, 1, 1)", (NOON + 1,))
    assert page(context, asked())["TracesProcessedCount"] == 0
    answer = page(context, asked(TimeRangeType="Event"))
    assert (ids(answer), answer["TracesProcessedCount"]) == ([], 1)


def test_the_approximate_time_is_a_whole_second(context: Context) -> None:
    assert page(context, asked(0.75))["ApproximateTime"] == NOON


# --- pages


def test_a_page_ends_at_its_matches_and_the_next_goes_on_behind_it(context: Context) -> None:
    kept = keep(context, [request(start=float(number // 2)) for number in range(2 * PAGE_MATCHES + 1)])
    answers = pages(context, asked())
    assert [len(ids(answer)) for answer in answers] == [PAGE_MATCHES, PAGE_MATCHES, 1]
    assert [answer["TracesProcessedCount"] for answer in answers] == [PAGE_MATCHES, PAGE_MATCHES, 1]
    assert [each for answer in answers for each in ids(answer)] == kept[::-1]
    # trace 200 begins at second 100, trace 101 at second 50, trace 1 at second 0
    assert [answer["ApproximateTime"] - NOON for answer in answers] == [50, 0, 0]


def test_a_full_last_page_has_no_token(context: Context) -> None:
    keep(context, [request(start=float(number)) for number in range(PAGE_MATCHES)])
    (answer,) = pages(context, asked())
    assert len(ids(answer)) == PAGE_MATCHES


def test_a_page_without_a_match_may_have_a_token(context: Context) -> None:
    """SQL cannot tell which passage was slow: every trace is looked at."""
    (wanted,) = keep(context, [request(9.0, start=0.0)])
    keep(context, [request(start=1.0 + number) for number in range(LOOKED_AT_MAX)])
    answers = pages(context, asked(FilterExpression='service("shop") { responsetime > 5 }'))
    assert [ids(answer) for answer in answers] == [[], [wanted]]
    assert [answer["TracesProcessedCount"] for answer in answers] == [LOOKED_AT_MAX, 1]


def test_a_page_ends_after_so_many_traces_even_if_none_is_looked_at(context: Context) -> None:
    (wanted,) = keep(context, [request(9.0, start=0.0)])
    one = request()
    keep(context, [one._replace(id=f"1-6ab11541-{number:024x}", root_start=NOON + 1, start=NOON + 1) for number in range(SCANNED_MAX)])
    answers = pages(context, asked(FilterExpression="duration > 5"))
    assert [ids(answer) for answer in answers] == [[], [wanted]]
    assert [answer["TracesProcessedCount"] for answer in answers] == [SCANNED_MAX, 1]


@pytest.mark.parametrize("clock", ["TraceId", "Event", "Service"])
def test_pages_hold_every_trace_once_under_every_clock(context: Context, clock: str) -> None:
    whole = keep(context, [request(start=float(number % 7)) for number in range(150)], received=1.0)
    partial = keep(context, [trace([visit(CART, 1.0, start=float(number % 5))], []) for number in range(150)], received=2.0)
    found = found_ids(context, asked(TimeRangeType=clock))
    assert len(found) == 300
    assert set(found) == {*whole, *partial}


def test_a_token_is_of_its_request(context: Context) -> None:
    keep(context, [request(start=float(number)) for number in range(PAGE_MATCHES + 1)])
    token = page(context, asked())["NextToken"]
    invalid = ("InvalidRequestException", f"Invalid token {token}")
    assert refused(context, asked(0.0, 1000.0, NextToken=token)) == invalid
    assert refused(context, asked(FilterExpression="ok", NextToken=token)) == invalid
    assert len(ids(page(context, asked(FilterExpression=None, NextToken=token)))) == 1


def test_the_share_may_change_between_pages(context: Context) -> None:
    keep(context, [request(start=float(number)) for number in range(PAGE_MATCHES + 1)])
    sampled = {**asked(TimeRangeType="Event"), "Sampling": True}
    first = page(context, {**sampled, "SamplingStrategy": {"Name": "FixedRate", "Value": 1.0}})
    second = page(context, {**sampled, "SamplingStrategy": {"Name": "FixedRate", "Value": 0.0}, "NextToken": first["NextToken"]})
    assert (len(ids(first)), ids(second), second["NextToken"]) == (PAGE_MATCHES, [], None)


@pytest.mark.parametrize("token", ["x", "", "é", "bm90IEpTT04=", "W10=", "WzEsIDIsIDNd", 5, ["a"], "A" * 100_000])
def test_a_token_that_is_none_is_refused(context: Context, token: object) -> None:
    assert refused(context, asked(NextToken=token)) == ("InvalidRequestException", f"Invalid token {token}")


@pytest.mark.parametrize(("at", "number"), [("NaN", 1), ("Infinity", 1), (1.0, 2**63), ("x", 1), (1.0, "y")])
def test_a_token_with_numbers_that_no_trace_has_is_refused(context: Context, at: object, number: object) -> None:
    keep(context, [request(start=float(each)) for each in range(PAGE_MATCHES + 1)])
    digest, _, _ = json.loads(base64.urlsafe_b64decode(page(context, asked())["NextToken"]))
    token = base64.urlsafe_b64encode(json.dumps([digest, at, number]).encode()).decode()
    assert refused(context, asked(NextToken=token)) == ("InvalidRequestException", f"Invalid token {token}")


# --- sampling


def sampling(name: str, value: object = None) -> dict[str, Any]:
    return {"Sampling": True, "SamplingStrategy": {"Name": name, "Value": value}, "TimeRangeType": "Event"}


def test_a_fixed_rate_takes_that_share_and_always_the_same(context: Context) -> None:
    kept = keep(context, [request(start=float(number % 50)) for number in range(400)])
    some = found_ids(context, asked(**sampling("FixedRate", 0.5)))
    assert 140 < len(some) < 260  # 200 expected; 10 is a standard deviation
    assert found_ids(context, asked(-10.0, **sampling("FixedRate", 0.5))) == some
    fewer = found_ids(context, asked(**sampling("FixedRate", 0.25)))
    assert set(fewer) < set(some)
    assert found_ids(context, asked(**sampling("FixedRate", 0))) == []
    assert set(found_ids(context, asked(**sampling("FixedRate", 1)))) == set(kept)


def test_what_is_not_sampled_is_counted_as_processed(context: Context) -> None:
    keep(context, [request(start=1.0)])
    answer = page(context, asked(**sampling("FixedRate", 0)))
    assert (ids(answer), answer["TracesProcessedCount"]) == ([], 1)


@pytest.mark.parametrize(
    "members",
    [
        {"Sampling": True},
        {"Sampling": False, "SamplingStrategy": {"Name": "FixedRate", "Value": 0.0}},
        {"SamplingStrategy": {"Name": "FixedRate", "Value": 7}},
        {"Sampling": True, "SamplingStrategy": {"Name": "PartialScan", "Value": 7}},
        {"Sampling": True, "SamplingStrategy": {}},
    ],
)
def test_other_strategies_leave_nothing_out(context: Context, members: dict[str, Any]) -> None:
    kept = keep(context, [request(start=float(number)) for number in range(20)])
    assert found_ids(context, asked(**members)) == kept[::-1]


@pytest.mark.parametrize("clock", [None, "TraceId", "Service"])
def test_a_fixed_rate_goes_with_event_alone(context: Context, clock: str | None) -> None:
    request = asked(**{**sampling("FixedRate", 0.5), "TimeRangeType": clock})
    message = f"Cannot use FixedRate with input time range type: {clock or 'TraceId'}. Please try using time range type: Event"
    assert refused(context, request) == ("InvalidRequestException", message)


@pytest.mark.parametrize("value", [None, -0.1, 1.1, True, "0.5", float("nan")])
def test_a_fixed_rate_is_a_share(context: Context, value: object) -> None:
    message = "sampling rate must be specified and its value must be between [0, 1]"
    assert refused(context, asked(**sampling("FixedRate", value))) == ("InvalidRequestException", message)


# --- members


@pytest.mark.parametrize(
    ("members", "name", "message"),
    [
        (
            {"TimeRangeType": "Invalid"},
            "ValidationException",
            (
                "1 validation error detected: Value 'Invalid' at 'timeRangeType' failed to satisfy constraint: "
                "Member must satisfy enum value set: [TraceId, Service, Event]"
            ),
        ),
        (
            {"SamplingStrategy": {"Name": "Half"}},
            "ValidationException",
            (
                "1 validation error detected: Value 'Half' at 'samplingStrategy.name' failed to satisfy constraint: "
                "Member must satisfy enum value set: [PartialScan, FixedRate]"
            ),
        ),
        (
            {"StartTime": None},
            "ValidationException",
            "1 validation error detected: Value null at 'startTime' failed to satisfy constraint: Member must not be null",
        ),
        ({"EndTime": NOON - 1}, "InvalidRequestException", "End time cannot be earlier than start time"),
        ({"EndTime": NOON + 86_401}, "InvalidRequestException", "Time range cannot be longer than 24 hours"),
        ({"EndTime": "tea"}, "SerializationException", "endTime is not of the type that the service model gives it"),
        ({"FilterExpression": 5}, "SerializationException", "filterExpression is not of the type that the service model gives it"),
        ({"Sampling": "yes"}, "SerializationException", "sampling is not of the type that the service model gives it"),
        ({"SamplingStrategy": "all"}, "SerializationException", "samplingStrategy is not of the type that the service model gives it"),
    ],
)
def test_members_that_do_not_hold_are_refused(context: Context, members: dict[str, Any], name: str, message: str) -> None:
    assert refused(context, {**asked(), **members}) == (name, message)


def test_a_day_is_answered(context: Context) -> None:
    (kept,) = keep(context, [request(start=86_400.0)])
    assert ids(page(context, asked(0.0, 86_400.0))) == [kept]
