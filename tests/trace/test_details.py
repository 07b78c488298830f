from __future__ import annotations

from typing import Any

import pytest

from tests.trace.traces import made, segment, span
from xray_grafana.trace.details import annotations_of, call_of, origin_of, request_of, words_of
from xray_grafana.xray.spans import Span


def only(**members: Any) -> Span:
    return made(segment(1, "shop", 0, 1, **members)).tops[0]


def call(**members: Any) -> Span:
    root = made(segment(1, "shop", 0, 1, subsegments=[span(2, "call", 0, 1, **members)])).tops[0]
    return root.children[0]


def test_words_are_the_flags_and_whether_it_is_still_running() -> None:
    running, over = made(segment(1, "shop", 0, None, fault=True)).tops[0], made(segment(1, "shop", 0, 1)).tops[0]
    assert words_of(running) == ("fault", "in progress")
    assert words_of(over) == ()
    assert words_of(only(http={"response": {"status": 502.0}})) == ("fault",)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"sql": {"sanitized_query": "SELECT 1", "database_type": "PostgreSQL"}}, "SELECT 1"),
        ({"sql": {"database_type": "PostgreSQL"}}, "PostgreSQL"),
        ({"sql": {"url": "jdbc:x"}}, "jdbc:x"),
        ({"namespace": "aws", "aws": {"operation": "PutItem", "table_name": "orders"}}, "PutItem orders"),
        ({"namespace": "aws", "aws": {"operation": "Send", "queue_url": "https://sqs.eu-west-1.amazonaws.com/1/mail"}}, "Send mail"),
        ({"namespace": "aws", "aws": {"topic_arn": "arn:aws:sns:eu-west-1:1:news"}}, "news"),
        ({"namespace": "aws", "aws": {"operation": "Get", "resource_names": ["one", "two"]}}, "Get one"),
        ({"namespace": "aws", "aws": {"operation": 7, "resource_names": [7]}}, None),
        ({"aws": {"operation": "PutItem"}}, None),
        ({"sql": "SELECT"}, None),
        ({}, None),
    ],
)
def test_a_call_is_told_by_its_statement_or_by_operation_and_resource(members: dict[str, Any], text: str | None) -> None:
    assert call_of(call(**members)) == text


def test_members_of_another_type_count_as_missing() -> None:
    odd = only(http=[], origin=7, annotations={"a": [1], "b": 1.5, "c": None})
    assert request_of(odd) == (None, None, None)
    assert origin_of(odd) is None
    assert list(annotations_of(odd)) == [("b", 1.5)]
    assert request_of(only(http={"response": {"status": 502.0}})) == (None, None, 502)
    assert request_of(only(http={"request": "GET", "response": 500})) == (None, None, None)
