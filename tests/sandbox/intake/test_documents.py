from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.build_trace import TRACE_ID, apart, segment, span_id, subsegment
from xray_grafana.sandbox.intake.documents import MAX_BYTES, MAX_DEPTH, Document, Rejected, check

KIB_64 = 65_536


def refused(document: Any) -> Rejected:
    checked = check(document if isinstance(document, str) else json.dumps(document))
    assert isinstance(checked, Rejected)
    return checked


def accepted(document: Any) -> Document:
    checked = check(document if isinstance(document, str) else json.dumps(document))
    assert isinstance(checked, Document)
    return checked


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def test_a_segment_is_kept_as_it_came() -> None:
    text = json.dumps(segment("shop", 1), indent=1)
    assert accepted(text) == (TRACE_ID, "0000000000000001", False, text)


def test_a_segment_in_progress_needs_no_end() -> None:
    assert accepted(segment("shop", 1, end=None)).in_progress


def test_a_subsegment_may_be_sent_apart() -> None:
    assert accepted(apart(subsegment("cart", 2), parent=1)).id == "0000000000000002"


@pytest.mark.parametrize("start", [0, 1, 1_790_000_000_000, 4_000_000_000.5, -5.0])
def test_a_start_long_ago_or_far_in_the_future_is_taken(start: float) -> None:
    assert accepted({**segment("shop", 1), "start_time": start, "end_time": start + 1})


def test_ids_of_opentelemetry_need_no_time_in_them() -> None:
    assert accepted({**segment("shop", 1), "trace_id": "1-ffffffff-0af7651916cd43dd8448eb21"})


def test_members_that_x_ray_does_not_know_are_taken() -> None:
    assert accepted({**segment("shop", 1), "annotations": 5, "http": [], "madeup": {"a": [None]}, "subsegments": None})


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({**segment("shop", 1), "type": "span"}, "UnknownType"),
        ({**segment("shop", 1), "type": 1}, "UnknownType"),
        (without(segment("shop", 1), "id"), "MissingId"),
        ({**segment("shop", 1), "id": None}, "MissingId"),
        ({**segment("shop", 1), "id": "123"}, "InvalidId"),
        ({**segment("shop", 1), "id": "000000000000000g"}, "InvalidId"),
        ({**segment("shop", 1), "id": "0000000000000001\n"}, "InvalidId"),
        ({**segment("shop", 1), "id": "００００００００００００００００"}, "InvalidId"),
        ({**segment("shop", 1), "id": 1}, "InvalidId"),
        (without(segment("shop", 1), "name"), "MissingName"),
        ({**segment("shop", 1), "name": ""}, "MissingName"),
        ({**segment("shop", 1), "name": 5}, "InvalidName"),
        *(({**segment("shop", 1), "name": f"a{sign}"}, "InvalidName") for sign in "$?()<>*;!~^"),
        (without(segment("shop", 1), "trace_id"), "MissingTraceId"),
        ({**segment("shop", 1), "trace_id": "1-6ab13b80-1"}, "InvalidTraceId"),
        ({**segment("shop", 1), "trace_id": "2-6ab13b80-000000000000000000000001"}, "InvalidTraceId"),
        ({**segment("shop", 1), "trace_id": "6ab13b80000000000000000000000001"}, "InvalidTraceId"),
        ({**segment("shop", 1), "trace_id": 1}, "InvalidTraceId"),
        (without(segment("shop", 1), "start_time"), "MissingStartTime"),
        ({**segment("shop", 1), "in_progress": True}, "InProgressSegmentHasEndTime"),
        (without(segment("shop", 1), "end_time"), "MissingEndTime"),
        ({**without(segment("shop", 1), "end_time"), "in_progress": False}, "MissingEndTime"),
        ({**segment("shop", 1), "parent_id": "1"}, "InvalidParentId"),
        ({**segment("shop", 1), "parent_id": 1}, "InvalidParentId"),
        ({**segment("shop", 1), "start_time": "now"}, "ParseError"),
        ({**segment("shop", 1), "start_time": True}, "ParseError"),
        ({**segment("shop", 1), "end_time": []}, "ParseError"),
        ({**segment("shop", 1), "in_progress": "no"}, "ParseError"),
        ({**segment("shop", 1), "subsegments": {}}, "ParseError"),
        ({**segment("shop", 1), "subsegments": "many"}, "ParseError"),
    ],
)
def test_a_bad_segment_is_refused_with_the_code_of_x_ray(document: Any, code: str) -> None:
    own_id = document.get("id")
    assert refused(document) == (own_id if isinstance(own_id, str) else None, code, f"Invalid segment. ErrorCode: {code}")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (without(apart(subsegment("cart", 2), parent=1), "parent_id"), "MissingParentId"),
        ({**apart(subsegment("cart", 2), parent=1), "in_progress": True}, "InProgressSubsegmentHasEndTime"),
        (without(apart(subsegment("cart", 2), parent=1), "name"), "MissingName"),
        (without(apart(subsegment("cart", 2), parent=1), "trace_id"), "MissingTraceId"),
    ],
)
def test_a_bad_subsegment_sent_apart_is_called_one(document: Any, code: str) -> None:
    assert refused(document) == (span_id(2), code, f"Invalid subsegment. ErrorCode: {code}, Cause: null")


def test_of_several_mistakes_the_one_that_x_ray_looks_at_first_is_told() -> None:
    """Mended one by one, in X-Ray's order."""
    document: dict[str, Any] = {"type": "span", "subsegments": [{}]}
    mended = [
        ("type", "subsegment", "UnknownType"),
        ("id", "1", "MissingId"),
        ("id", span_id(1), "InvalidId"),
        ("name", "shop", "MissingName"),
        ("trace_id", "1", "MissingTraceId"),
        ("trace_id", TRACE_ID, "InvalidTraceId"),
        ("start_time", 1.0, "MissingStartTime"),
        ("end_time", 2.0, "MissingEndTime"),
        ("parent_id", "1", "MissingParentId"),
        ("parent_id", span_id(9), "InvalidParentId"),
        ("subsegments", [], "MissingId"),
    ]
    seen = []
    for name, value, _ in mended:
        seen.append(refused(document).code)
        document[name] = value
    assert seen == [code for _, _, code in mended]
    assert accepted(document)


@pytest.mark.parametrize(
    ("embedded", "code"),
    [
        ({**subsegment("db", 3), "id": "x"}, "InvalidId"),
        (without(subsegment("db", 3), "name"), "MissingName"),
        (without(subsegment("db", 3), "start_time"), "MissingStartTime"),
        (without(subsegment("db", 3), "end_time"), "MissingEndTime"),
        ({**subsegment("db", 3), "in_progress": True}, "InProgressSubsegmentHasEndTime"),
        ({**subsegment("db", 3), "type": "segment"}, "UnknownType"),
    ],
)
def test_one_bad_subsegment_refuses_the_whole_under_the_id_of_the_whole(embedded: Any, code: str) -> None:
    deep = subsegment("cart", 2, subsegments=[subsegment("ok", 4), embedded])
    expected = (span_id(1), code, f"Invalid subsegment. ErrorCode: {code}, Cause: null")
    assert refused(segment("shop", 1, subsegments=[subsegment("ok", 5), deep])) == expected


@pytest.mark.parametrize("embedded", [5, None, "x", []])
def test_what_is_no_object_among_subsegments_is_refused(embedded: Any) -> None:
    assert refused({**segment("shop", 1), "subsegments": [embedded]}).message == "Invalid entity. ErrorCode: ParseError"
    below = {**subsegment("cart", 2), "subsegments": embedded}
    whole = {**segment("shop", 1), "subsegments": [below]}
    if embedded in (None, []):
        assert accepted(whole)
    else:
        assert refused(whole).message == "Invalid entity. ErrorCode: ParseError"


@pytest.mark.parametrize("text", ["", "{", "{]", '{"a":1}}', "nonsense", "\ufeff{}", '{"a":NaN}', '{"a":-Infinity}', "{'a': 1}", "\x00"])
def test_broken_json_is_refused_without_an_id(text: str) -> None:
    assert refused(text) == (None, "ParseError", "Invalid segment. ErrorCode: ParseError")


@pytest.mark.parametrize("text", ["[]", "5", "null", '"text"', "true"])
def test_json_that_is_no_object_is_no_entity(text: str) -> None:
    assert refused(text) == (None, "ParseError", "Invalid entity. ErrorCode: ParseError")


@pytest.mark.parametrize("number", ["1e999", "-1e999", f"{'9' * 400}.5", "9" * 309, "9" * 5000])
def test_a_number_beyond_what_a_float_holds_is_refused_wherever_it_is(number: str) -> None:
    text = json.dumps({**segment("shop", 1), "metadata": {"default": "HERE"}}).replace('"HERE"', number)
    assert refused(text).code == "ParseError"


@pytest.mark.parametrize("half", ["\ud800", "a\udfff"])
def test_half_a_character_is_refused_escaped_or_not(half: str) -> None:
    document = {**segment("shop", 1), "user": half}
    assert refused(json.dumps(document)).code == "ParseError"
    assert refused(json.dumps(document, ensure_ascii=False)).code == "ParseError"


def test_a_whole_character_in_two_escapes_is_taken() -> None:
    assert accepted(json.dumps({**segment("shop", 1), "user": "😀"}))


def nested(depth: int) -> str:
    """The document itself is the first level."""
    return json.dumps({**segment("shop", 1), "metadata": "HERE"}).replace('"HERE"', "[" * (depth - 1) + "]" * (depth - 1))


def test_nesting_has_a_limit() -> None:
    assert accepted(nested(MAX_DEPTH))
    assert refused(nested(MAX_DEPTH + 1)).code == "ParseError"
    assert refused(nested(30_000)).code == "ParseError"


def test_many_brackets_side_by_side_are_no_depth() -> None:
    assert accepted({**segment("shop", 1), "metadata": {"default": [[] for _ in range(2 * MAX_DEPTH)]}})


@pytest.mark.parametrize("letter", ["x", "é", "€"])
def test_a_document_of_64_kib_is_taken_and_one_byte_more_is_not(letter: str) -> None:
    assert MAX_BYTES == KIB_64
    document = {**segment("shop", 1), "metadata": {"a": "", "b": ""}}
    room = KIB_64 - len(json.dumps(document))
    document["metadata"] = {"a": letter * (room // len(letter.encode())), "b": "x" * (room % len(letter.encode()))}
    text = json.dumps(document, ensure_ascii=False)
    assert len(text.encode()) == KIB_64
    assert accepted(text)
    rejected = refused(text + " ")
    assert (rejected.id, rejected.code) == (span_id(1), "InvalidSegment")
    assert "65536 bytes" in rejected.message


def test_names_of_more_than_200_characters_are_cut_also_below() -> None:
    below = subsegment("c" * 201, 3)
    text = accepted(segment("a" * 300, 1, subsegments=[subsegment("b" * 200, 2, subsegments=[below])])).text
    whole = json.loads(text)
    (cart,) = whole["subsegments"]
    assert (whole["name"], cart["name"], cart["subsegments"][0]["name"]) == ("a" * 200, "b" * 200, "c" * 200)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)
MEMBERS = ("type", "id", "name", "trace_id", "start_time", "end_time", "in_progress", "parent_id", "subsegments", "metadata")


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON))
def test_whatever_stands_in_the_place_of_a_member_is_taken_or_refused(odd: dict[str, Any]) -> None:
    checked = check(json.dumps({**segment("shop", 1), **odd}))
    if isinstance(checked, Document):
        assert math.isfinite(json.loads(checked.text)["start_time"])
    else:
        assert checked.message.startswith("Invalid ")


@given(st.text())
def test_whatever_text_comes_it_is_taken_or_refused(text: str) -> None:
    assert isinstance(check(text), Rejected)
