from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.build_trace import START, TRACE_ID, apart, request, segment, span_id, subsegment
from tests.sandbox.made_facts import counted
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.traces import batch_get_traces

OTHER_ID = "1-6ab13b80-000000000000000000000002"


def _asked(*documents: dict[str, Any], ids: list[str] | None = None) -> dict[str, Any]:
    with counted([]) as context:
        with context.store.writing() as connection:
            for number, document in enumerate(documents):
                row = (document["trace_id"], f"{number} {document['id']}", number, json.dumps(document))
                connection.execute("INSERT INTO segments VALUES (?, ?, 0, ?, ?)", row)
        answer = batch_get_traces(context, {"TraceIds": [TRACE_ID] if ids is None else ids})
    check_answer("BatchGetTraces", answer)
    return answer


def _segments(*documents: dict[str, Any]) -> list[dict[str, Any]]:
    (trace,) = _asked(*documents)["Traces"]
    read = [json.loads(each["Document"]) for each in trace["Segments"]]
    assert [each["Id"] for each in trace["Segments"]] == [each["id"] for each in read]
    return read


def test_a_trace_is_given_back_with_its_segments_in_order_of_start() -> None:
    shop = segment("shop", 1, 0.0, 2.0, annotations={"tenant": "blue"}, subsegments=[subsegment("cart", 2, 0.5, 1.5, namespace="remote")])
    cart = segment("cart", 3, 0.75, 1.25, parent=2)
    (trace,) = _asked(cart, shop)["Traces"]
    assert (trace["Id"], trace["Duration"], trace["LimitExceeded"]) == (TRACE_ID, 2.0, False)
    assert [json.loads(each["Document"]) for each in trace["Segments"]] == [shop, cart]


def test_a_subsegment_that_was_sent_apart_is_folded_into_its_segment() -> None:
    whole = subsegment("work", 2, 0.25, 0.75, subsegments=[subsegment("query", 3, 0.3, 0.5)])
    inner = subsegment("more", 4, 0.6, 0.7)
    (found,) = _segments(apart(inner, parent=2), segment("shop", 1), apart(whole, parent=1))
    assert found == segment("shop", 1, subsegments=[{**whole, "subsegments": [subsegment("query", 3, 0.3, 0.5), inner]}])


def test_subsegments_nested_as_deep_as_you_like_are_given_back() -> None:
    documents = [segment("shop", 1), *(apart(subsegment("step", number), parent=number - 1) for number in range(2, 3000))]
    (trace,) = _asked(*documents)["Traces"]
    (found,) = trace["Segments"]
    assert found["Document"].count('"name":"step"') == 2998


def test_a_call_that_nobody_answered_gets_an_inferred_segment() -> None:
    call = subsegment("pay.example.com", 2, 0.25, 0.75, namespace="remote", fault=True, http=request(status=500))
    _, inferred = _segments(segment("shop", 1, subsegments=[call]))
    assert inferred == {
        "id": inferred["id"],
        "name": "pay.example.com",
        "start_time": START + 0.25,
        "trace_id": TRACE_ID,
        "end_time": START + 0.75,
        "parent_id": span_id(2),
        "inferred": True,
        "fault": True,
        "http": request(status=500),
    }
    assert len(inferred["id"]) == 16
    assert inferred["id"] == _segments(segment("shop", 1, subsegments=[call]))[1]["id"]


def test_an_inferred_aws_resource_has_an_origin_and_the_call_the_names_of_its_resources() -> None:
    call = subsegment("DynamoDB", 2, namespace="aws", aws={"table_name": "orders", "operation": "GetItem"})
    shop, inferred = _segments(segment("shop", 1, subsegments=[call]))
    named = {"table_name": "orders", "operation": "GetItem", "resource_names": ["orders"]}
    assert (inferred["name"], inferred["origin"], inferred["aws"]) == ("DynamoDB", "AWS::DynamoDB::Table", named)
    assert shop["subsegments"][0]["aws"] == named


def test_names_of_resources_that_came_along_are_kept() -> None:
    aws = {"table_name": "orders", "resource_names": ["a", "b"]}
    shop, _ = _segments(segment("shop", 1, subsegments=[subsegment("DynamoDB", 2, namespace="aws", aws=aws)]))
    assert shop["subsegments"][0]["aws"] == aws


@pytest.mark.parametrize(
    "call",
    [
        subsegment("work", 2),
        subsegment("pay.example.com", 2, end=None, namespace="remote"),
        subsegment("something", 2, namespace="mine"),
    ],
)
def test_own_work_and_open_calls_get_no_inferred_segment(call: dict[str, Any]) -> None:
    assert len(_segments(segment("shop", 1, subsegments=[call]))) == 1


def test_how_a_request_was_traced_is_not_given_back() -> None:
    (found,) = _segments(segment("shop", 1, http=request(traced=True, user_agent="curl")))
    assert found["http"] == request(user_agent="curl")


def test_odd_members_are_given_back_as_they_are() -> None:
    odd = segment("shop", 1, http="none", aws=[1], subsegments=[subsegment("work", 2, http={"request": 3})], note="\ud800")
    assert _segments(odd) == [odd]


def test_while_anything_is_open_a_trace_has_no_duration() -> None:
    (trace,) = _asked(segment("shop", 1, subsegments=[subsegment("work", 2, end=None)]))["Traces"]
    assert trace["Duration"] is None


def test_the_duration_runs_to_the_latest_end() -> None:
    (trace,) = _asked(segment("shop", 1, 0.0, 1.0, subsegments=[subsegment("later", 2, 0.5, 4.25)]))["Traces"]
    assert trace["Duration"] == 4.25


def test_a_trace_of_subsegments_without_their_segment_has_neither_segments_nor_a_duration() -> None:
    (trace,) = _asked(apart(subsegment("work", 2), parent=1))["Traces"]
    assert (trace["Segments"], trace["Duration"]) == ([], None)


def test_a_segment_whose_parent_is_missing_is_given_back() -> None:
    assert [each["name"] for each in _segments(segment("cart", 3, parent=2))] == ["cart"]


def test_spans_that_share_an_id_are_all_given_back() -> None:
    twins = [subsegment("one", 2, 0.1, 0.2), subsegment("two", 2, 0.3, 0.4)]
    assert _segments(segment("shop", 1, subsegments=twins)) == [segment("shop", 1, subsegments=twins)]


def test_traces_that_are_not_there_are_left_out_without_a_word() -> None:
    answer = _asked(segment("shop", 1), ids=[OTHER_ID, TRACE_ID])
    assert [each["Id"] for each in answer["Traces"]] == [TRACE_ID]
    assert (answer["UnprocessedTraceIds"], answer["NextToken"]) == ([], None)


def test_a_trace_whose_id_is_written_in_capital_letters_is_given_back() -> None:
    capitals = TRACE_ID.upper()
    (trace,) = _asked({**segment("shop", 1), "trace_id": capitals}, ids=[capitals])["Traces"]
    assert trace["Id"] == capitals


def test_five_ids_may_be_asked_for() -> None:
    ids = [f"1-6ab13b80-{number:024x}" for number in range(1, 6)]
    assert len(_asked(segment("shop", 1), ids=ids)["Traces"]) == 1
    assert _asked(ids=[])["Traces"] == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"TraceIds": [f"1-6ab13b80-{number:024x}" for number in range(6)]}, "Exceeding maximum query size: 5"),
        ({"TraceIds": ["1-2-3"]}, "Invalid trace id 1-2-3: incorrect id format"),
        ({"TraceIds": [f"{TRACE_ID}0"]}, f"Invalid trace id {TRACE_ID}0: incorrect id format"),
        ({"TraceIds": [TRACE_ID, TRACE_ID]}, "Containing duplicate trace ids"),
        ({"TraceIds": [TRACE_ID], "NextToken": "1"}, "NextToken is currently not supported"),
        ({}, "1 validation error detected: Value null at 'traceIds' failed to satisfy constraint: Member must not be null"),
    ],
)
def test_what_cannot_be_answered_is_refused_as_x_ray_does(asked: dict[str, Any], message: str) -> None:
    with counted([]) as context, pytest.raises(ApiError) as refusal:
        batch_get_traces(context, asked)
    assert refusal.value.message == message
