"""A trace as GetTraceSummaries shows it."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from tests.sandbox.build_trace import START, TRACE_ID, Document, exceptions, request, segment, subsegment
from xray_grafana.sandbox.api.summary import service_id, summary_of
from xray_grafana.sandbox.facts.facts import Node
from xray_grafana.sandbox.facts.read import read_trace

EC2 = "AWS::EC2::Instance"


def summary(*documents: Document) -> dict[str, Any]:
    return summary_of(read_trace(TRACE_ID, documents))


def rich() -> dict[str, Any]:
    """A root that failed by a payment provider, and a step that took 3 of its 4 seconds."""
    return summary(
        segment(
            "shop",
            1,
            0,
            4,
            origin=EC2,
            fault=True,
            user="ann",
            resource_arn="arn:aws:lambda:us-east-1:111122223333:function:shop",
            http=request("POST", "https://shop.example/pay", 503, user_agent="curl/8", client_ip="203.0.113.7"),
            annotations={"tenant": "blue", "beta": True, "retries": 1},
            aws={"ec2": {"instance_id": "i-1", "availability_zone": "eu-west-1a"}},
            subsegments=[subsegment("pay.example", 2, 0, 3, namespace="remote", status=503, fault=True, cause=exceptions("boom"))],
        )
    )


def test_every_member_of_the_service_model_is_there() -> None:
    """And three that captured answers hold beyond it."""
    shape = botocore.session.get_session().get_service_model("xray").shape_for("TraceSummary")

    assert set(rich()) == set(shape.members) | {"MatchedService", "MatchedEdge"}


def test_what_is_known_has_the_types_of_the_service_model() -> None:
    shape = botocore.session.get_session().get_service_model("xray").shape_for("TraceSummary")
    known = without_nulls({key: value for key, value in rich().items() if key in shape.members})

    assert ParamValidator().validate(known, shape).generate_report() == ""


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def test_a_rich_trace_member_by_member() -> None:
    """3 s of 4 s = 0.75."""
    shop = {"Name": "shop", "Names": ["shop"], "AccountId": None, "Type": EC2}
    client = {**shop, "Type": "client"}
    provider = {**shop, "Name": "pay.example", "Names": ["pay.example"], "Type": "remote"}
    boom = [{"Name": "TimeoutError", "Message": "boom"}]

    assert rich() == {
        "Id": TRACE_ID,
        "StartTime": START,
        "Duration": 4.0,
        "ResponseTime": 4.0,
        "HasFault": True,
        "HasError": False,
        "HasThrottle": False,
        "IsPartial": False,
        "Http": {
            "HttpURL": "https://shop.example/pay",
            "HttpStatus": 503,
            "HttpMethod": "POST",
            "UserAgent": "curl/8",
            "ClientIp": "203.0.113.7",
        },
        "Annotations": {
            "tenant": [annotation(StringValue="blue")],
            "beta": [annotation(BooleanValue=True)],
            "retries": [annotation(NumberValue=1)],
        },
        "Users": [{"UserName": "ann", "ServiceIds": None}],
        "ServiceIds": [shop, client, provider],
        "ResourceARNs": [{"ARN": "arn:aws:lambda:us-east-1:111122223333:function:shop"}],
        "InstanceIds": [{"Id": "i-1"}],
        "AvailabilityZones": [{"Name": "eu-west-1a"}],
        "EntryPoint": shop,
        "FaultRootCauses": [
            {
                "Services": [
                    {
                        **shop,
                        "Inferred": False,
                        "EntityPath": [
                            {"Name": "shop", "Exceptions": [], "Remote": False},
                            {"Name": "pay.example", "Exceptions": boom, "Remote": True},
                        ],
                    },
                    {**provider, "Inferred": True, "EntityPath": [{"Name": "pay.example", "Exceptions": [], "Remote": False}]},
                ],
                "ClientImpacting": True,
            }
        ],
        "ErrorRootCauses": [],
        "ResponseTimeRootCauses": [
            {
                "Services": [
                    {
                        **shop,
                        "Inferred": False,
                        "EntityPath": [
                            {"Name": "shop", "Coverage": 1.0, "Remote": False},
                            {"Name": "pay.example", "Coverage": 0.75, "Remote": True},
                        ],
                    },
                    {**provider, "Inferred": True, "EntityPath": [{"Name": "pay.example", "Coverage": 0.75, "Remote": False}]},
                ],
                "ClientImpacting": True,
            }
        ],
        "Revision": None,
        "MatchedEventTime": None,
        "MatchedService": None,
        "MatchedEdge": None,
    }


def annotation(**value: object) -> dict[str, Any]:
    return {"AnnotationValue": {"NumberValue": None, "BooleanValue": None, "StringValue": None, **value}, "ServiceIds": None}


def test_the_flags_are_the_roots_and_not_those_of_what_it_called() -> None:
    shown = summary(
        segment(
            "shop",
            1,
            status=200,
            subsegments=[
                subsegment("cart", 2, namespace="remote", status=503, fault=True),
                subsegment("stock", 3, 0.5, namespace="remote", status=429, error=True, throttle=True),
            ],
        )
    )

    assert [shown[flag] for flag in ("HasFault", "HasError", "HasThrottle")] == [False, False, False]


def test_a_throttled_root_is_throttled_and_no_error() -> None:
    shown = summary(segment("shop", 1, status=429, error=True, throttle=True))

    assert [shown[flag] for flag in ("HasFault", "HasError", "HasThrottle")] == [False, False, True]


def test_an_open_trace_has_no_times_but_an_entry_point_and_is_not_partial() -> None:
    shown = summary(segment("shop", 1, end=None, http=request(status=None)))

    assert (shown["Duration"], shown["ResponseTime"], shown["IsPartial"]) == (None, None, False)
    assert shown["EntryPoint"] == service_id(Node("shop"))
    assert shown["Http"]["HttpMethod"] == "GET"
    assert shown["Http"]["HttpStatus"] is None


def test_an_orphan_is_partial_and_has_no_entry_point_no_http_and_no_flags() -> None:
    """1 to 3 = 2 s."""
    shown = summary(segment("worker", 3, 1, 3, parent=9, http=request(status=503), fault=True))

    assert (shown["IsPartial"], shown["EntryPoint"], shown["Duration"], shown["ResponseTime"]) == (True, None, 2.0, None)
    assert set(shown["Http"].values()) == {None}
    assert shown["HasFault"] is False
    assert shown["ServiceIds"] == [service_id(Node("worker"))]


def test_a_service_without_an_origin_has_no_type_but_an_empty_one_in_causes() -> None:
    shown = summary(segment("shop", 1, fault=True, cause=exceptions("boom")))

    assert shown["EntryPoint"]["Type"] is None
    assert shown["FaultRootCauses"][0]["Services"][0]["Type"] == ""


def test_nodes_users_and_values_are_listed_once_and_true_is_not_one() -> None:
    shown = summary(
        segment(
            "shop",
            1,
            user="ann",
            annotations={"n": 1},
            subsegments=[
                subsegment("a.example", 2, 0.0, namespace="remote", user="ann", annotations={"n": True}),
                subsegment("a.example", 3, 0.25, namespace="remote", user="bob", annotations={"n": 1}),
                subsegment("a.example", 4, 0.5, namespace="remote", annotations={"n": "1"}),
                subsegment("worker", 5, 0.75, namespace="remote"),
            ],
        ),
        segment("worker", 6, parent=5, user="ann", annotations={"n": 1}),
    )

    assert [(each["Name"], each["Type"]) for each in shown["ServiceIds"]] == [
        ("shop", None),
        ("shop", "client"),
        ("a.example", "remote"),
        ("worker", None),
    ]
    assert [each["UserName"] for each in shown["Users"]] == ["ann", "bob"]
    assert shown["Annotations"] == {"n": [annotation(NumberValue=1), annotation(BooleanValue=True), annotation(StringValue="1")]}
