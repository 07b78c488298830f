"""Requests of OpenTelemetry, and the segment documents they become."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from xray_grafana.sandbox.otlp.convert import JSON, PROTOBUF, OtlpError, documents_of

TRACE = "6553f1000123456789abcdef01234567"
XRAY_TRACE = "1-6553f100-0123456789abcdef01234567"
SPAN = "53995c3f42cd8ad8"
PARENT = "1111111111111111"
# Bits 8 and 9 of a span's flags: the sender knows of the parent, and it is in another process.
PARENT_IS_LOCAL = 0x100
PARENT_IS_REMOTE = 0x300

Plain = None | bool | int | float | str | bytes | list[Any] | dict[str, Any]


def value(plain: Plain) -> AnyValue:
    if isinstance(plain, list):
        return AnyValue(array_value=ArrayValue(values=[value(each) for each in plain]))
    if isinstance(plain, dict):
        return AnyValue(kvlist_value=KeyValueList(values=pairs(plain)))
    fields = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value", bytes: "bytes_value"}
    scalar: dict[str, Any] = {} if plain is None else {fields[type(plain)]: plain}
    return AnyValue(**scalar)


def pairs(members: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(plain)) for key, plain in members.items()]


def span(kind: str = "SERVER", attributes: dict[str, Any] | None = None, **more: Any) -> Span:
    made = Span(
        trace_id=bytes.fromhex(TRACE),
        span_id=bytes.fromhex(SPAN),
        name="GET /cart",
        kind=Span.SpanKind.Value(f"SPAN_KIND_{kind}"),
        start_time_unix_nano=1_700_000_000_250_000_000,
        end_time_unix_nano=1_700_000_001_500_000_000,
        attributes=pairs(attributes or {}),
    )
    for key, member in more.items():
        if isinstance(member, list):
            getattr(made, key).extend(member)
        elif key == "status":
            made.status.CopyFrom(member)
        else:
            setattr(made, key, member)
    return made


def request(*spans: Span, resource: dict[str, Any] | None = None) -> ExportTraceServiceRequest:
    made = ExportTraceServiceRequest()
    of_resource = made.resource_spans.add()
    of_resource.resource.attributes.extend(pairs(resource or {"service.name": "shop"}))
    of_resource.scope_spans.add().spans.extend(spans)
    return made


def documents(*spans: Span, resource: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    texts = documents_of(request(*spans, resource=resource).SerializeToString(), PROTOBUF)
    return [json.loads(text) for text in texts]


def document(made: Span, resource: dict[str, Any] | None = None) -> dict[str, Any]:
    (only,) = documents(made, resource=resource)
    return only


def exception(**members: str) -> Span.Event:
    return Span.Event(name="exception", attributes=pairs({f"exception.{key}": text for key, text in members.items()}))


def failed(message: str = "") -> Status:
    return Status(code=Status.STATUS_CODE_ERROR, message=message)


def child(kind: str, attributes: dict[str, Any] | None = None, **more: Any) -> Span:
    return span(kind, attributes, parent_span_id=bytes.fromhex(PARENT), flags=PARENT_IS_LOCAL, **more)


def test_a_servers_span_is_a_segment_of_the_service() -> None:
    assert document(span(attributes={"tenant": "blue"})) == {
        "id": SPAN,
        "trace_id": XRAY_TRACE,
        "name": "shop",
        "start_time": 1_700_000_000.25,
        "end_time": 1_700_000_001.5,
        "fault": False,
        "error": False,
        "throttle": False,
        "aws": {"xray": {"auto_instrumentation": False}},
        "metadata": {"default": {"tenant": "blue", "otel.resource.service.name": "shop"}},
    }


def test_a_call_is_a_subsegment_sent_apart_and_says_nothing_of_the_resource() -> None:
    assert document(child("CLIENT", {"server.address": "cart.local"})) == {
        "id": SPAN,
        "trace_id": XRAY_TRACE,
        "name": "cart.local",
        "type": "subsegment",
        "parent_id": PARENT,
        "namespace": "remote",
        "start_time": 1_700_000_000.25,
        "end_time": 1_700_000_001.5,
        "fault": False,
        "error": False,
        "throttle": False,
        "aws": {"xray": {"auto_instrumentation": False}},
        "metadata": {"default": {"server.address": "cart.local"}},
    }


def test_a_step_inside_is_a_subsegment_named_by_the_span() -> None:
    made = document(child("INTERNAL", name="sum up (all)"))
    assert (made["type"], made["name"], made.get("namespace"), made["parent_id"]) == ("subsegment", "sum up all", None, PARENT)


@pytest.mark.parametrize(
    ("kind", "flags", "is_segment"),
    [
        ("SERVER", 0, True),
        ("SERVER", PARENT_IS_LOCAL, True),
        ("SERVER", PARENT_IS_REMOTE, True),
        ("CONSUMER", 0, True),
        ("CONSUMER", PARENT_IS_REMOTE, True),
        ("CONSUMER", PARENT_IS_LOCAL, False),
        ("INTERNAL", PARENT_IS_REMOTE, True),
        ("INTERNAL", 0, False),
        ("UNSPECIFIED", 0, False),
        ("CLIENT", 0, False),
    ],
)
def test_what_begins_in_a_process_is_a_segment_below_its_parent(kind: str, flags: int, *, is_segment: bool) -> None:
    made = document(span(kind, parent_span_id=bytes.fromhex(PARENT), flags=flags))
    assert made["parent_id"] == PARENT
    assert ("type" not in made) == is_segment
    assert (made["name"] == "shop") == is_segment


def test_a_call_that_nothing_surrounds_gets_a_segment_of_the_service_around_it() -> None:
    around, call = documents(span("CLIENT", {"http.url": "http://cart.local/", "http.status_code": 503, "aws.local.operation": "job"}))
    assert (around["name"], around.get("type"), around.get("parent_id"), "http" in around) == ("shop", None, None, False)
    assert (around["fault"], around["annotations"]) == (True, {"aws.local.operation": "job"})
    assert around["metadata"] == {"default": {"otel.resource.service.name": "shop"}}
    assert (call["id"], call["type"], call["parent_id"], call["namespace"]) == (SPAN, "subsegment", around["id"], "remote")
    assert around["id"] != SPAN
    assert documents(span("CLIENT"))[0]["id"] == around["id"]


def test_a_call_whose_parent_is_in_another_process_keeps_that_parent_above_its_own_segment() -> None:
    around, call = documents(span("PRODUCER", {"messaging.system": "kafka"}, parent_span_id=bytes.fromhex(PARENT), flags=PARENT_IS_REMOTE))
    assert (around["parent_id"], call["parent_id"], call["name"]) == (PARENT, around["id"], "kafka")


def test_a_span_without_an_end_is_in_progress() -> None:
    made = document(span(end_time_unix_nano=0))
    assert (made["in_progress"], "end_time" in made) == (True, False)


NAMES: list[tuple[dict[str, Any], str, str]] = [
    ({"aws.remote.service": "billing", "peer.service": "b"}, "remote", "billing"),
    ({"rpc.system": "aws-api", "aws.remote.service": "AWS::DynamoDB"}, "aws", "DynamoDB"),
    ({"rpc.system": "aws-api", "aws.remote.service": "AWS.SDK.SQS"}, "aws", "SQS"),
    ({"rpc.system": "aws-api", "rpc.service": "DynamoDB", "server.address": "dynamodb.local"}, "aws", "DynamoDB"),
    ({"aws.service": "S3"}, "aws", "S3"),
    ({"peer.service": "ledger", "db.name": "d"}, "remote", "ledger"),
    ({"db.name": "orders", "db.connection_string": "jdbc:mysql://db.local:3306"}, "remote", "orders@db.local"),
    ({"db.namespace": "orders", "server.address": "db.local"}, "remote", "orders@db.local"),
    ({"db.name": "orders", "db.connection_string": "x://[oops"}, "remote", "orders"),
    ({"rpc.service": "cart.Cart", "server.address": "cart.local"}, "remote", "cart.Cart"),
    ({"http.host": "cart.local:8080", "net.peer.name": "10.0.0.1"}, "remote", "cart.local:8080"),
    ({"net.peer.name": "cart.local", "db.system": "redis"}, "remote", "cart.local"),
    ({"db.system": "redis"}, "remote", "redis"),
    ({"messaging.system": "kafka"}, "remote", "kafka"),
    ({}, "remote", "GET /cart"),
]


@pytest.mark.parametrize(("attributes", "namespace", "name"), NAMES)
def test_a_call_is_named_by_what_it_goes_to(attributes: dict[str, Any], namespace: str, name: str) -> None:
    made = document(child("CLIENT", attributes))
    assert (made["namespace"], made["name"]) == (namespace, name)


def test_names_keep_what_xray_takes_and_are_cut_at_200_characters() -> None:
    assert document(span(), resource={"service.name": "a b_.:/%&#=+\\-@é$?(){}|~"})["name"] == "a b_.:/%&#=+\\-@é"
    assert document(span(), resource={"service.name": "n" * 201})["name"] == "n" * 200
    assert document(span(name="$$$"), resource={"host.name": "h"})["name"] == "span"
    assert document(span(attributes={"aws.local.service": "front"}))["name"] == "front"


OLD_SERVER = {
    "http.method": "GET",
    "http.scheme": "https",
    "http.host": "shop.example:8443",
    "http.target": "/cart?x=1",
    "http.status_code": 200,
    "http.user_agent": "curl/8",
    "http.client_ip": "203.0.113.7",
    "net.peer.ip": "10.0.0.9",
    "http.response_content_length": 12,
}
NEW_SERVER = {
    "http.request.method": "GET",
    "url.scheme": "https",
    "server.address": "shop.example",
    "server.port": 8443,
    "url.path": "/cart",
    "url.query": "x=1",
    "http.response.status_code": 200,
    "user_agent.original": "curl/8",
    "client.address": "203.0.113.7",
    "network.peer.address": "10.0.0.9",
    "http.response.body.size": 12,
}


@pytest.mark.parametrize(("attributes", "forwarded"), [(OLD_SERVER, {"x_forwarded_for": True}), (NEW_SERVER, {})])
def test_both_generations_of_http_attributes_are_read_and_do_not_come_again_as_metadata(
    attributes: dict[str, Any], forwarded: dict[str, bool]
) -> None:
    made = document(span(attributes=attributes))
    expected = {"method": "GET", "url": "https://shop.example:8443/cart?x=1", "user_agent": "curl/8", "client_ip": "203.0.113.7"}
    assert made["http"] == {"request": expected | forwarded, "response": {"status": 200, "content_length": 12}}
    assert made["metadata"] == {"default": {"otel.resource.service.name": "shop"}}


URLS: list[tuple[str, dict[str, Any], str | None]] = [
    ("CLIENT", {"url.full": "https://a/b", "server.address": "c"}, "https://a/b"),
    ("CLIENT", {"http.url": "https://a/b"}, "https://a/b"),
    ("CLIENT", {"http.method": "GET", "net.peer.name": "a", "net.peer.port": 80}, "http://a/"),
    ("CLIENT", {"http.method": "GET", "http.scheme": "https", "net.peer.name": "a", "net.peer.port": 443}, "https://a/"),
    ("CLIENT", {"http.method": "GET", "net.peer.name": "a", "net.peer.port": 8080, "http.target": "/x"}, "http://a:8080/x"),
    ("CLIENT", {"http.method": "GET", "server.address": "::1", "server.port": 8080}, "http://[::1]:8080/"),
    ("CLIENT", {"http.method": "GET", "net.host.name": "own"}, None),
    ("SERVER", {"http.method": "GET", "net.host.name": "own", "net.host.port": 8080, "net.peer.name": "a"}, "http://own:8080/"),
]


@pytest.mark.parametrize(("kind", "attributes", "url"), URLS)
def test_a_url_is_put_together_when_none_was_sent(kind: str, attributes: dict[str, Any], url: str | None) -> None:
    assert document(child(kind, attributes))["http"]["request"].get("url") == url


def test_only_a_server_tells_its_clients_address() -> None:
    assert "client_ip" not in document(child("CLIENT", {"http.method": "GET", "net.peer.ip": "10.0.0.9"}))["http"]["request"]
    assert document(span(attributes={"http.method": "GET", "net.peer.ip": "10.0.0.9"}))["http"]["request"]["client_ip"] == "10.0.0.9"


@pytest.mark.parametrize(
    ("attributes", "status", "flags"),
    [
        ({}, None, (False, False, False)),
        ({}, failed(), (True, False, False)),
        ({"http.response.status_code": 200}, None, (False, False, False)),
        ({"http.response.status_code": 200}, failed(), (True, False, False)),
        ({"http.response.status_code": 404}, failed(), (False, True, False)),
        ({"http.status_code": 429}, None, (False, True, True)),
        ({"http.status_code": 503}, None, (True, False, False)),
        ({"http.status_code": 600}, None, (False, False, False)),
        ({"http.status_code": True}, None, (False, False, False)),
        ({"http.status_code": "503"}, None, (False, False, False)),
    ],
)
def test_a_span_fails_by_its_http_status_or_else_by_its_own(
    attributes: dict[str, Any], status: Status | None, flags: tuple[bool, bool, bool]
) -> None:
    made = document(span(attributes=attributes, status=status or Status()))
    assert (made["fault"], made["error"], made["throttle"]) == flags


PYTHON = """\
Traceback (most recent call last):
  File "/app/db.py", line 3, in connect
    raise OSError
OSError

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop.py", line 12, in view
    pay()
  File "/app/pay.py", line 7, in pay
    raise ValueError("no money")
ValueError: no money
"""
JAVA = """\
java.lang.IllegalStateException: no money
\tat app//com.shop.Pay.pay(Pay.java:7)
\tat com.shop.Main.main(Main.java)
\t... 12 more
Caused by: java.io.IOException: gone
\tat com.shop.Db.get(Db.java:3)
"""
NODE = """\
Error: no money
    at pay (/app/pay.js:7:11)
    at async Server.<anonymous> (file:///app/shop.js:12:3)
    at /app/main.js:1:2
    at new Promise (<anonymous>)
"""
DOTNET = """\
System.InvalidOperationException: no money
   at Shop.Pay.Run(Int32 sum) in /src/Pay.cs:line 7
   at System.Threading.Tasks.Task.Execute()
"""
GO = """\
goroutine 1 [running]:
main.pay(0x1)
\t/app/pay.go:7 +0x1d
main.main()
\t/app/main.go:12 +0x25
"""
STACKS: list[tuple[str, str, list[tuple[str, int, str]]]] = [
    ("python", PYTHON, [("/app/pay.py", 7, "pay"), ("/app/shop.py", 12, "view")]),
    ("java", JAVA, [("Pay.java", 7, "com.shop.Pay.pay"), ("Main.java", 0, "com.shop.Main.main")]),
    (
        "nodejs",
        NODE,
        [
            ("/app/pay.js", 7, "pay"),
            ("file:///app/shop.js", 12, "async Server.<anonymous>"),
            ("/app/main.js", 1, ""),
            ("<anonymous>", 0, "new Promise"),
        ],
    ),
    ("dotnet", DOTNET, [("/src/Pay.cs", 7, "Shop.Pay.Run(Int32 sum)"), ("", 0, "System.Threading.Tasks.Task.Execute()")]),
    ("go", GO, [("/app/pay.go", 7, "main.pay(0x1)"), ("/app/main.go", 12, "main.main()")]),
    ("python", 'Traceback\n  File "a.py", line x, in f\nKeyError', [("a.py", 0, "f")]),
    ("php", "Exception: no money\n\tat Pay.run(pay.php:7)\n", [("pay.php", 7, "Pay.run")]),
    ("webjs", "Error\n    at native\nlast", [("native", 0, "")]),
    ("cobol", PYTHON, []),
    ("python", "", []),
]


@pytest.mark.parametrize(("language", "trace", "frames"), STACKS)
def test_an_exception_is_a_cause_with_its_stack_the_innermost_frame_first(
    language: str, trace: str, frames: list[tuple[str, int, str]]
) -> None:
    raised = exception(type="ValueError", message="no money", stacktrace=trace)
    made = document(span(events=[raised], status=failed("ignored")), resource={"service.name": "s", "telemetry.sdk.language": language})
    cause, *_ = made["cause"]["exceptions"]
    assert (cause["type"], cause["message"], cause["remote"]) == ("ValueError", "no money", False)
    assert [(frame["path"], frame["line"], frame["label"]) for frame in cause.get("stack", [])] == frames
    assert len(cause["id"]) == 16


@pytest.mark.parametrize(
    ("language", "trace", "kind", "message", "frame"),
    [
        ("python", PYTHON, "OSError", "", ("/app/db.py", 3, "connect")),
        (
            "python",
            PYTHON.replace("OSError\n\nDuring", "OSError: gone: far\n\nDuring"),
            "OSError",
            "gone: far",
            ("/app/db.py", 3, "connect"),
        ),
        ("java", JAVA, "java.io.IOException", "gone", ("Db.java", 3, "com.shop.Db.get")),
    ],
)
def test_what_led_to_an_exception_is_its_cause(language: str, trace: str, kind: str, message: str, frame: tuple[str, int, str]) -> None:
    raised = exception(type="ValueError", message="no money", stacktrace=trace)
    made = document(span(events=[raised]), resource={"service.name": "s", "telemetry.sdk.language": language})
    outer, inner = made["cause"]["exceptions"]
    assert (outer["cause"], inner.get("cause")) == (inner["id"], None)
    assert (inner["type"], inner.get("message", "")) == (kind, message)
    assert [(each["path"], each["line"], each["label"]) for each in inner["stack"]] == [frame]


def test_a_chain_of_exceptions_is_cut_after_ten() -> None:
    trace = "A: a\n" + "Caused by: B: b\n" * 50
    made = document(span(events=[exception(stacktrace=trace)]), resource={"service.name": "s", "telemetry.sdk.language": "java"})
    told = made["cause"]["exceptions"]
    assert ([each.get("type") for each in told], told[-1].get("cause")) == ([None] + ["B"] * 9, None)


def test_every_exception_has_an_id_of_its_own_which_stays_the_same() -> None:
    made = child("CLIENT", events=[exception(type="A"), exception(message="b"), Span.Event(name="retry")])
    first, second = document(made)["cause"]["exceptions"]
    assert (first["type"], second["message"], first["remote"], first["id"] != second["id"]) == ("A", "b", True, True)
    assert document(made)["cause"]["exceptions"] == [first, second]
    assert document(made)["fault"] is False


def test_a_failed_span_without_exceptions_has_its_message_as_the_cause() -> None:
    (told,) = document(span(status=failed("out of stock")))["cause"]["exceptions"]
    assert told["message"] == "out of stock"
    (old,) = document(span(attributes={"http.status_text": "Bad Gateway"}, status=failed()))["cause"]["exceptions"]
    assert old["message"] == "Bad Gateway"
    assert "cause" not in document(span(status=failed()))
    assert "cause" not in document(span(status=Status(code=Status.STATUS_CODE_OK, message="fine")))


def test_a_stack_has_at_most_100_frames_and_lines_without_end_are_left_out() -> None:
    trace = (
        "Traceback\n"
        + "".join(f'  File "/a.py", line {number}, in f\n' for number in range(300))
        + f'  File "{"x" * 1000}", line 1, in g\n'
    )
    made = document(span(events=[exception(stacktrace=trace)]), resource={"service.name": "s", "telemetry.sdk.language": "python"})
    assert [frame["line"] for frame in made["cause"]["exceptions"][0]["stack"]] == list(range(299, 199, -1))


AWS_CALLS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"rpc.method": "PutItem", "aws.dynamodb.table_names": ["orders"]}, {"operation": "PutItem", "table_name": "orders"}),
    (
        {"aws.operation": "BatchGet", "rpc.method": "x", "aws.dynamodb.table_names": ["a", "b"]},
        {"operation": "BatchGet", "table_names": ["a", "b"]},
    ),
    ({"aws.dynamodb.table_names": "orders"}, {"table_name": "orders"}),
    ({"aws.table_name": "orders", "aws.account_id": "111122223333"}, {"table_name": "orders", "account_id": "111122223333"}),
    ({"messaging.url": "https://q/1", "aws.region": "eu-west-1"}, {"queue_url": "https://q/1", "region": "eu-west-1"}),
    ({"aws.queue.url": "https://q/1", "aws.requestId": "r-1"}, {"queue_url": "https://q/1", "request_id": "r-1"}),
]


@pytest.mark.parametrize(("attributes", "expected"), AWS_CALLS)
def test_a_call_to_aws_tells_what_it_did(attributes: dict[str, Any], expected: dict[str, Any]) -> None:
    made = document(child("CLIENT", {"rpc.system": "aws-api", "rpc.service": "DynamoDB", **attributes}))
    assert made["aws"] == {**expected, "xray": {"auto_instrumentation": False}}
    assert made["metadata"] == {"default": {"rpc.system": "aws-api", "rpc.service": "DynamoDB"}}


ORIGINS: list[tuple[dict[str, Any], str | None]] = [
    ({"cloud.platform": "aws_eks"}, "AWS::EKS::Container"),
    ({"cloud.platform": "aws_ecs"}, "AWS::ECS::Container"),
    ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate"}, "AWS::ECS::Fargate"),
    ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "ec2"}, "AWS::ECS::EC2"),
    ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "other"}, "AWS::ECS::Container"),
    ({"cloud.platform": "aws_ec2", "aws.ecs.launchtype": "ec2"}, "AWS::EC2::Instance"),
    ({"cloud.platform": "aws_elastic_beanstalk"}, "AWS::ElasticBeanstalk::Environment"),
    ({"cloud.platform": "aws_lambda", "cloud.provider": "aws"}, "AWS::Lambda::Function"),
    ({"cloud.platform": "aws_app_runner"}, "AWS::AppRunner::Service"),
    ({"cloud.platform": "aws_eks", "cloud.provider": "gcp"}, None),
    ({"cloud.platform": "gcp_cloud_run"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("resource", "origin"), ORIGINS)
def test_the_platform_is_the_segments_origin(resource: dict[str, Any], origin: str | None) -> None:
    assert document(span(), resource={"service.name": "s", **resource}).get("origin") == origin
    assert "origin" not in document(child("CLIENT"), resource={"service.name": "s", **resource})


def test_the_resource_tells_where_the_process_runs() -> None:
    eks = {
        "cloud.platform": "aws_eks",
        "k8s.cluster.name": "c",
        "k8s.pod.name": "p",
        "container.id": "i",
        "host.id": "i-1",
        "host.type": "t3",
    }
    made = document(
        span(),
        resource={
            **eks,
            "cloud.availability_zone": "eu-west-1a",
            "cloud.account.id": "111122223333",
            "service.version": "1.2",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.language": "python",
            "telemetry.sdk.version": "1.45.1",
            "telemetry.distro.version": "0.1",
            "aws.log.group.arns": ["arn:aws:logs:eu-west-1:111122223333:log-group:/shop:*", "odd"],
        },
    )
    assert made["service"] == {"version": "1.2"}
    assert made["aws"] == {
        "account_id": "111122223333",
        "ec2": {"instance_id": "i-1", "instance_size": "t3", "availability_zone": "eu-west-1a"},
        "eks": {"cluster_name": "c", "pod": "p", "container_id": "i"},
        "cloudwatch_logs": [
            {"arn": "arn:aws:logs:eu-west-1:111122223333:log-group:/shop:*", "log_group": "/shop"},
            {"arn": "odd", "log_group": "odd"},
        ],
        "xray": {"sdk": "opentelemetry for python", "sdk_version": "1.45.1", "auto_instrumentation": True},
    }


def test_ecs_and_beanstalk_have_blocks_of_their_own() -> None:
    ecs = {"cloud.platform": "aws_ecs", "container.name": "web", "aws.ecs.task.arn": "arn:t", "aws.log.group.names": "a&&b"}
    made = document(span(), resource=ecs)["aws"]
    assert made["ecs"] == {"container": "web", "task_arn": "arn:t"}
    assert made["cloudwatch_logs"] == [{"log_group": "a"}, {"log_group": "b"}]
    beanstalk = {
        "cloud.platform": "aws_elastic_beanstalk",
        "service.namespace": "prod",
        "service.version": "7",
        "service.instance.id": "42",
    }
    made = document(span(), resource=beanstalk)["aws"]
    assert made["elastic_beanstalk"] == {"environment_name": "prod", "version_label": "7", "deployment_id": 42}
    made = document(span(), resource={**beanstalk, "service.instance.id": "i-42", "aws.log.group.names": 5})["aws"]
    assert "deployment_id" not in made["elastic_beanstalk"]
    assert "cloudwatch_logs" not in made


def test_another_cloud_has_no_place_in_aws() -> None:
    made = document(span(), resource={"cloud.provider": "gcp", "host.id": "1", "service.name": "s"})
    assert made["aws"] == {"xray": {"auto_instrumentation": False}}


def test_a_query_is_an_sql_block() -> None:
    old = {"db.system": "postgresql", "db.name": "orders", "db.statement": "SELECT ?", "db.user": "u", "db.connection_string": "pg://db"}
    made = document(child("CLIENT", old, name="SELECT orders"))
    assert made["sql"] == {
        "url": "SELECT orders",
        "connection_string": "pg://db/orders",
        "database_type": "postgresql",
        "user": "u",
        "sanitized_query": "SELECT ?",
    }
    assert "metadata" not in made
    new = {"db.system.name": "microsoft.sql_server", "db.query.text": "SELECT 1"}
    assert document(child("CLIENT", new))["sql"]["connection_string"] == "localhost/"
    redis = document(child("CLIENT", {"db.system": "redis", "db.statement": "GET x"}))
    assert ("sql" in redis, redis["metadata"]) == (False, {"default": {"db.system": "redis", "db.statement": "GET x"}})


def test_annotations_are_what_the_span_names_and_what_is_indexed() -> None:
    attributes = {
        "tenant": "blue",
        "order.id": "A-7",
        "odd key!": 1,
        "beta": True,
        "sum": 1.5,
        "list": ["a"],
        "aws.local.operation": "GET /cart",
        "http.method": "GET",
        "aws.xray.annotations": ["tenant", "order.id", "odd key!", "beta", "sum", "list", "http.method", 5, "otel.resource.team"],
        "other": "x",
    }
    made = document(span(attributes=attributes), resource={"service.name": "shop", "team": "t"})
    assert made["annotations"] == {
        "tenant": "blue",
        "order.id": "A-7",
        "odd_key_": 1,
        "beta": True,
        "sum": 1.5,
        "aws.local.operation": "GET /cart",
        "http.method": "GET",
        "otel.resource.team": "t",
    }
    assert made["metadata"] == {"default": {"list": ["a"], "other": "x", "otel.resource.service.name": "shop"}}


def test_metadata_can_have_namespaces() -> None:
    attributes = {
        "aws.xray.metadata.cart": '{"items": [1, 2]}',
        "aws.xray.metadata.default": '{"a": 1}',
        "aws.xray.metadata.text": "no json",
        "aws.xray.metadata.list": "[1]",
        "aws.xray.metadata.nan": '{"a": NaN}',
        "aws.xray.metadata.half": '{"a": "\\ud800"}',
    }
    assert document(child("INTERNAL", attributes))["metadata"] == {
        "cart": {"items": [1, 2]},
        "default": {
            "a": 1,
            "aws.xray.metadata.text": "no json",
            "aws.xray.metadata.list": "[1]",
            "aws.xray.metadata.nan": '{"a": NaN}',
            "aws.xray.metadata.half": '{"a": "\\ud800"}',
        },
    }


def test_values_of_every_kind_are_json() -> None:
    attributes = {"none": None, "bytes": b"\x00\xff", "map": {"a": {"b": [1, None]}}, "nan": float("nan"), "inf": float("-inf")}
    assert document(child("INTERNAL", attributes))["metadata"] == {
        "default": {"bytes": "AP8=", "map": {"a": {"b": [1, None]}}, "nan": "nan", "inf": "-inf"}
    }


def test_the_user_and_links_are_taken_over() -> None:
    links = [
        Span.Link(trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(PARENT), attributes=pairs({"why": "batch"})),
        Span.Link(trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN)),
        Span.Link(trace_id=bytes(16), span_id=bytes.fromhex(SPAN)),
        Span.Link(),
    ]
    made = document(span(attributes={"enduser.id": "ann"}, links=links))
    assert made["user"] == "ann"
    assert made["links"] == [{"trace_id": XRAY_TRACE, "id": PARENT, "attributes": {"why": "batch"}}, {"trace_id": XRAY_TRACE, "id": SPAN}]


def test_json_has_hex_ids_and_numbers_as_text() -> None:
    members = {
        "traceId": TRACE.upper(),
        "spanId": SPAN,
        "parentSpanId": PARENT,
        "name": "GET /cart",
        "kind": 3,
        "flags": PARENT_IS_LOCAL,
        "startTimeUnixNano": "1700000000250000000",
        "endTimeUnixNano": "1700000001500000000",
        "attributes": [
            {"key": "server.address", "value": {"stringValue": "cart.local"}},
            {"key": "count", "value": {"intValue": "5"}},
            {"key": "spans", "value": {"arrayValue": {"values": [{"doubleValue": 1.5}]}}},
        ],
        "links": [{"traceId": TRACE, "spanId": PARENT}],
        "status": {"code": 2},
        "notYetKnown": {"x": 1},
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    body = json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [members]}]}]}).encode()
    made = child("CLIENT", {"server.address": "cart.local", "count": 5, "spans": [1.5]}, status=failed())
    made.links.add(trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(PARENT))
    (text,) = documents_of(body, JSON)
    assert json.loads(text) == document(made)


def test_requests_without_spans_are_no_documents() -> None:
    assert documents_of(b"", PROTOBUF) == []
    assert documents_of(b"{}", JSON) == []
    assert documents_of(request().SerializeToString(), PROTOBUF) == []


def spans_json(members: str) -> bytes:
    return f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{members}]}}]}}]}}'.encode()


MALFORMED: list[tuple[bytes, str, str]] = [
    (b"\xff\xff", PROTOBUF, "no ExportTraceServiceRequest in protobuf"),
    (b"\x0a\xff\x01", PROTOBUF, "no ExportTraceServiceRequest in protobuf"),
    (b"", JSON, "the body is no JSON: "),
    (b'{"resourceSpans": [', JSON, "the body is no JSON: "),
    (b"\xff\xfe\xff", JSON, "the body is no JSON: "),
    (b"[" * 100_000, JSON, "nested too deeply"),
    (b"9" * 5000, JSON, "the body is no JSON: "),
    (b"[]", JSON, "the body is no JSON object — expected an ExportTraceServiceRequest"),
    (b"null", JSON, "the body is no JSON object"),
    (b'{"resourceSpans": 5}', JSON, "no ExportTraceServiceRequest in JSON"),
    (b'{"resourceSpans": [5]}', JSON, "no ExportTraceServiceRequest in JSON"),
    (spans_json('{"name": "\\ud800"}'), JSON, "no ExportTraceServiceRequest in JSON"),
    (spans_json('{"kind": "\\ud800"}'), JSON, "no ExportTraceServiceRequest in JSON"),
    (spans_json('{"startTimeUnixNano": Infinity}'), JSON, "no ExportTraceServiceRequest in JSON"),
    (spans_json(f'{{"traceId": "{TRACE[:-1]}g"}}'), JSON, f"traceId '{TRACE[:-1]}g' — expected hex digits"),
    (
        spans_json(f'{{"traceId": "{TRACE}", "spanId": "53"}}'),
        JSON,
        "span '': span id '53' — expected 8 bytes that are not all zero, in JSON as 16",
    ),
    (spans_json('{"name": "a"}'), JSON, "span 'a': trace id '' — expected 16 bytes that are not all zero, in JSON as 32 hex digits"),
    (request(span(trace_id=bytes(16))).SerializeToString(), PROTOBUF, "span 'GET /cart': trace id '0000"),
    (request(span(parent_span_id=b"abc")).SerializeToString(), PROTOBUF, "span 'GET /cart': parent span id '616263' — expected 8 bytes"),
]


@pytest.mark.parametrize(("body", "content_type", "message"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_request_is_refused_with_a_reason(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(OtlpError) as caught:
        documents_of(body, content_type)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_values_nested_beyond_protobufs_100_levels_are_refused() -> None:
    """Each array is two messages deep: 60 of them are 120."""
    nested = '{"arrayValue":{"values":[' * 60 + "]}}" * 60
    with pytest.raises(OtlpError, match="no ExportTraceServiceRequest in JSON"):
        documents_of(spans_json(f'{{"attributes":[{{"key":"a","value":{nested}}}]}}'), JSON)


def test_a_small_request_cannot_ask_for_documents_without_end() -> None:
    """A resource of 1 MiB in each of 65 segments is more than 64 MiB."""
    with pytest.raises(OtlpError, match="more than 64 MiB of segment documents — expected smaller batches"):
        documents(*[span()] * 65, resource={"service.name": "s", "ballast": "b" * 2**20})


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([PROTOBUF, JSON]))
def test_no_body_does_worse_than_being_refused(body: bytes, content_type: str) -> None:
    try:
        texts = documents_of(body, content_type)
    except OtlpError:
        return
    for text in texts:
        assert json.loads(text)["trace_id"].startswith("1-")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["\ud800", TRACE, SPAN]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["key", "value", "values", "x"]), inner, max_size=2),
    max_leaves=4,
)
KEYS = [
    "attributes",
    "endTimeUnixNano",
    "events",
    "flags",
    "kind",
    "links",
    "name",
    "parentSpanId",
    "spanId",
    "startTimeUnixNano",
    "status",
    "traceId",
]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JUNK))
def test_no_member_of_a_span_does_worse_than_being_refused(members: dict[str, Any]) -> None:
    body = spans_json(json.dumps({"traceId": TRACE, "spanId": SPAN, **members}))
    try:
        texts = documents_of(body, JSON)
    except OtlpError:
        return
    for text in texts:
        assert json.loads(text.encode())["trace_id"].startswith("1-")
