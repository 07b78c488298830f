"""Which node a segment or a call stands for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.build_trace import Document, apart, segment, subsegment
from xray_grafana.sandbox.facts.facts import Node
from xray_grafana.sandbox.facts.nodes import called_node, client_node, is_unanswered, segment_node
from xray_grafana.xray.calls import is_call
from xray_grafana.xray.spans import Span, assemble


def the_call(call: Document, *others: Document) -> Span:
    """The call as the only subsegment of a segment."""
    tops = assemble([segment("shop", 1, subsegments=[call]), *others])
    return next(span for top in tops for span in top.walk() if span.id == call["id"])


def aws_call(name: str, **aws: Any) -> Node:
    return called_node(the_call(subsegment(name, 2, namespace="aws", aws=aws)))


def test_the_type_of_a_segment_is_its_origin() -> None:
    assert segment_node(assemble([segment("shop", 1, origin="AWS::EC2::Instance")])[0]) == Node("shop", "AWS::EC2::Instance")


@pytest.mark.parametrize("odd", [None, "", 7, ["AWS::EC2::Instance"]])
def test_a_segment_without_an_origin_has_no_type(odd: object) -> None:
    assert segment_node(assemble([{**segment("shop", 1), "origin": odd}])[0]) == Node("shop", None)


@pytest.mark.parametrize(
    ("given", "account"), [("111122223333", "111122223333"), (111122223333, "111122223333"), (True, None), ("", None), ([], None)]
)
def test_the_account_is_the_one_that_the_segment_names(given: object, account: str | None) -> None:
    assert segment_node(assemble([segment("shop", 1, aws={"account_id": given})])[0]).account == account


def test_the_client_has_the_name_of_the_root() -> None:
    assert client_node(Node("shop", "AWS::EC2::Instance", "111122223333")) == Node("shop", "client", "111122223333")


@pytest.mark.parametrize(("namespace", "expected"), [("remote", True), ("aws", True), ("local", False), (None, False), (["aws"], False)])
def test_a_call_is_a_subsegment_with_the_namespace_remote_or_aws(namespace: Any, *, expected: bool) -> None:
    assert is_call(the_call(subsegment("part", 2, namespace=namespace))) is expected


def test_a_segment_is_no_call_whatever_namespace_it_names() -> None:
    assert not is_call(assemble([segment("shop", 1, namespace="remote")])[0])


def test_a_remote_call_names_a_remote_node() -> None:
    assert called_node(the_call(subsegment("pay.example", 2, namespace="remote"))) == Node("pay.example", "remote")


def test_a_remote_call_with_a_query_names_a_database() -> None:
    call = subsegment("orders@db.example", 2, namespace="remote", sql={"sanitized_query": "select ?"})

    assert called_node(the_call(call)) == Node("orders@db.example", "Database::SQL")


@pytest.mark.parametrize("odd", [None, "select 1", 7, []])
def test_a_query_that_is_none_makes_no_database(odd: object) -> None:
    assert called_node(the_call(subsegment("db", 2, namespace="remote", sql=odd))).type == "remote"


@pytest.mark.parametrize(
    ("name", "member", "resource", "kind"),
    [
        ("DynamoDB", "table_name", "orders", "AWS::DynamoDB::Table"),
        ("dynamodb", "table_name", "orders", "AWS::DynamoDB::Table"),
        ("S3", "bucket_name", "invoices", "AWS::S3::Bucket"),
        ("SQS", "queue_url", "https://sqs.us-east-1.amazonaws.com/111122223333/jobs", "AWS::SQS::Queue"),
        ("SNS", "topic_arn", "arn:aws:sns:us-east-1:111122223333:news", "AWS::SNS"),
        ("Lambda", "function_name", "resize", "AWS::Lambda"),
    ],
)
def test_a_known_aws_service_is_named_by_the_resource(name: str, member: str, resource: str, kind: str) -> None:
    assert aws_call(name, **{member: resource}) == Node(resource, kind)


@pytest.mark.parametrize("aws", [{}, {"table_name": ""}, {"table_name": 7}, {"bucket_name": "orders"}])
def test_a_known_aws_service_without_its_resource_stays_generic(aws: Document) -> None:
    assert aws_call("DynamoDB", **aws) == Node("DynamoDB", "AWS::DynamoDB")


def test_an_unknown_aws_service_stays_generic_even_if_it_names_a_table() -> None:
    assert aws_call("Clockwork", table_name="orders") == Node("Clockwork", "AWS::Clockwork")


def test_a_resource_of_another_account_bears_it() -> None:
    assert aws_call("DynamoDB", table_name="orders", account_id="111122223333").account == "111122223333"


def test_a_name_that_utf_8_cannot_hold_is_made_so_that_it_can() -> None:
    assert aws_call("DynamoDB", table_name="a\ud800b").name == "a?b"
    assert aws_call("DynamoDB", table_name="Übung").name == "Übung"


def test_a_call_is_unanswered_until_the_segment_arrives_that_names_it() -> None:
    call = subsegment("worker", 2, namespace="remote")

    assert is_unanswered(the_call(call))
    assert not is_unanswered(the_call(call, segment("worker", 3, parent=2)))
    assert not is_unanswered(the_call(call, segment("worker", 3, end=None, parent=2)))


def test_a_subsegment_below_a_call_is_no_answer() -> None:
    assert is_unanswered(the_call(subsegment("worker", 2, namespace="remote"), apart(subsegment("connect", 3), parent=2)))


def test_nothing_is_inferred_from_a_call_that_still_runs() -> None:
    assert not is_unanswered(the_call(subsegment("worker", 2, end=None, namespace="remote")))
