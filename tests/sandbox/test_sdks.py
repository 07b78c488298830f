"""Real SDKs into a running sandbox over sockets, and what boto3 reads back."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from botocore.config import Config
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.k8s.shop import Answer, Service, running, until
from tests.sandbox.sdk_apps import App, refusing_dynamodb
from xray_grafana.config.deploy import Sdk
from xray_grafana.sandbox.server import Sandbox, Settings

pytestmark = pytest.mark.enable_socket

CARTS = 3
HEALTH_CHECKS = 5
AWS_KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
NOT_SAMPLED = "Root=1-67891233-abcdef012345678912345678;Sampled=0"
# What the apps' SDKs say of where they run: the X-Ray SDK nothing, OpenTelemetry what its resource says.
TYPES: dict[Sdk, str | None] = {"xray": None, "opentelemetry": "AWS::EKS::Container"}

Node = tuple[str, str | None]


@dataclass(frozen=True)
class Reader:
    """boto3's client of a sandbox, and what tests ask of it: everything of the last minutes."""

    client: Any

    @property
    def window(self) -> dict[str, datetime]:
        now = datetime.now(UTC)
        return {"StartTime": now - timedelta(minutes=10), "EndTime": now + timedelta(minutes=2)}

    def summaries(self, expression: str | None = None, **more: Any) -> dict[str, dict[str, Any]]:
        words = {} if expression is None else {"FilterExpression": expression}
        pages = self.client.get_paginator("get_trace_summaries").paginate(**self.window, **words, **more)
        return {summary["Id"]: summary for page in pages for summary in page["TraceSummaries"]}

    def segments(self, trace_id: str) -> dict[str, dict[str, Any]]:
        """Documents of the trace by name, without those that X-Ray inferred."""
        traces = self.client.batch_get_traces(TraceIds=[trace_id])["Traces"]
        documents = [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
        return {document["name"]: document for document in documents if not document.get("inferred")}

    def trace_graph(self, trace_id: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("get_trace_graph").paginate(TraceIds=[trace_id])
        return [service for page in pages for service in page["Services"]]

    def service_graph(self) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("get_service_graph").paginate(**self.window)
        return [service for page in pages for service in page["Services"]]

    def statistics(self, selector: str | None = None) -> dict[str, int]:
        """Calls by outcome."""
        words = {} if selector is None else {"EntitySelectorExpression": selector}
        paginator = self.client.get_paginator("get_time_series_service_statistics")
        found: Counter[str] = Counter()
        for page in paginator.paginate(**self.window, **words):
            for bucket in page["TimeSeriesServiceStatistics"]:
                numbers = bucket.get("ServiceSummaryStatistics") or bucket.get("EdgeSummaryStatistics") or {}
                if numbers:
                    found["total"] += numbers["TotalCount"]
                    found["ok"] += numbers["OkCount"]
                    found["error"] += numbers["ErrorStatistics"]["TotalCount"]
                    found["fault"] += numbers["FaultStatistics"]["TotalCount"]
        return dict(found)


def node(service: dict[str, Any]) -> Node:
    return service["Name"], service.get("Type")


def edges(services: list[dict[str, Any]]) -> set[tuple[Node, Node]]:
    by_id = {service["ReferenceId"]: service for service in services}
    return {(node(service), node(by_id[edge["ReferenceId"]])) for service in services for edge in service["Edges"]}


def call(services: list[dict[str, Any]], caller: Node, callee: Node) -> dict[str, Any]:
    by_id = {service["ReferenceId"]: node(service) for service in services}
    (found,) = [
        edge for service in services if node(service) == caller for edge in service["Edges"] if by_id[edge["ReferenceId"]] == callee
    ]
    statistics: dict[str, Any] = found
    return statistics


@dataclass
class Clock:
    """The sandbox's: the machine's, until it is set ahead."""

    ahead_seconds: float = 0

    def now(self) -> float:
        return time.time() + self.ahead_seconds


@contextmanager
def reading(sandbox: Sandbox) -> Iterator[Reader]:
    host, port = sandbox.http_address
    client = boto3.client(
        "xray",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id=AWS_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=AWS_KEYS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    try:
        yield Reader(client)
    finally:
        client.close()


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[Sdk, App]:
    kinds: tuple[Sdk, Sdk] = ("xray", "opentelemetry")
    return {kind: App.of_sdk(kind, tmp_path_factory.mktemp(kind)) for kind in kinds}


def settings() -> Settings:
    return Settings(data=None, http=("127.0.0.1", 0), udp=("127.0.0.1", 0), sampling_rules=None)


def variables(sandbox: Sandbox, kind: Sdk) -> dict[str, str]:
    """How a service learns of the sandbox, by the one way that its SDK knows."""
    if kind == "xray":
        host, port = sandbox.udp_address
        return {"AWS_XRAY_DAEMON_ADDRESS": f"{host}:{port}"}
    host, port = sandbox.http_address
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:{port}", "OTEL_BSP_SCHEDULE_DELAY": "50"}


def trace_of(answer: Answer) -> str:
    trace_id: str = answer.document["trace_id"]
    return trace_id


@dataclass(frozen=True)
class Shop:
    """`web` asks `stock`; each may be of either SDK. The sandbox knows nothing but what they sent."""

    sandbox: Sandbox
    reader: Reader
    clock: Clock
    web: Service
    stock: Service
    web_type: str | None
    stock_type: str | None

    @property
    def web_node(self) -> Node:
        return "web", self.web_type

    @property
    def stock_node(self) -> Node:
        return "stock", self.stock_type

    @property
    def web_edges(self) -> set[tuple[Node, Node]]:
        return {(("web", "client"), self.web_node), (self.web_node, self.stock_node)}


@contextmanager
def open_shop(apps: dict[Sdk, App], web: Sdk, stock: Sdk, name: str, **more: str) -> Iterator[Shop]:
    clock = Clock()
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(settings(), now=clock.now))
        reader = stack.enter_context(reading(sandbox))
        leave_health_checks_out(reader)
        behind = stack.enter_context(running(apps[stock], f"{name}-stock", SERVICE="stock", **variables(sandbox, stock), **more))
        address = f"http://127.0.0.1:{behind.port}"
        front = stack.enter_context(running(apps[web], f"{name}-web", SERVICE="web", NEXT=address, **variables(sandbox, web), **more))
        for kind, service in ((web, front), (stock, behind)):
            if kind == "xray":
                until(lambda service=service: service.get("/health/sampling", NOT_SAMPLED).document, "sampling rules in the SDK")
        yield Shop(sandbox, reader, clock, front, behind, TYPES[web], TYPES[stock])


def leave_health_checks_out(reader: Reader) -> None:
    rule = {
        "RuleName": "health",
        "ResourceARN": "*",
        "Priority": 1,
        "FixedRate": 0.0,
        "ReservoirSize": 0,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "/health*",
        "Version": 1,
    }
    reader.client.create_sampling_rule(SamplingRule=rule)


@dataclass(frozen=True)
class Day:
    """A shop after some requests, all of whose segments have come."""

    shop: Shop
    carts: list[str]
    broken: str

    @property
    def reader(self) -> Reader:
        return self.shop.reader


def both(reader: Reader, trace_id: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = until(
        lambda: found if {"web", "stock"} <= (found := reader.segments(trace_id)).keys() else None, f"both segments of {trace_id}"
    )
    return found


def day_of(shop: Shop) -> Day:
    day = Day(shop, [trace_of(shop.web.get("/cart")) for _ in range(CARTS)], trace_of(shop.web.get("/broken")))
    for trace_id in (*day.carts, day.broken):
        both(shop.reader, trace_id)
        until(lambda trace_id=trace_id: shop.web_edges <= edges(shop.reader.trace_graph(trace_id)), f"the graph of {trace_id}")
    return day


@pytest.fixture(scope="module")
def xray_day(apps: dict[Sdk, App]) -> Iterator[Day]:
    with refusing_dynamodb() as address, open_shop(apps, "xray", "xray", "xray", AWS=address, **AWS_KEYS) as shop:
        yield day_of(shop)


@pytest.fixture(scope="module")
def otel_day(apps: dict[Sdk, App]) -> Iterator[Day]:
    with open_shop(apps, "opentelemetry", "opentelemetry", "otel", OTEL_EXPORTER_OTLP_COMPRESSION="gzip") as shop:
        yield day_of(shop)


@pytest.fixture(scope="module")
def xray_to_otel_day(apps: dict[Sdk, App]) -> Iterator[Day]:
    with open_shop(apps, "xray", "opentelemetry", "xray-otel") as shop:
        yield day_of(shop)


@pytest.fixture(scope="module")
def otel_to_xray_day(apps: dict[Sdk, App]) -> Iterator[Day]:
    with open_shop(apps, "opentelemetry", "xray", "otel-xray") as shop:
        yield day_of(shop)


@pytest.fixture(params=["xray_day", "otel_day", "xray_to_otel_day", "otel_to_xray_day"])
def day(request: pytest.FixtureRequest) -> Day:
    made: Day = request.getfixturevalue(request.param)
    return made


FOUND = [
    'service("web")',
    'service("stock")',
    'edge("web", "stock")',
    'service("web") { root AND ok }',
    'service(id(name: "web", type: "client"))',
    'annotation.tenant = "blue"',
    "annotation.items > 2 AND annotation.beta",
    'user = "ann"',
    'http.url ENDSWITH "/cart"',
    'http.method = "GET" http.status = 200',
    "ok AND !fault",
    'responsetime > 0 AND (fault OR http.url CONTAINS "cart")',
]
NOT_FOUND = [
    "fault",
    "error OR throttle",
    "partial",
    "duration > 600",
    'annotation.tenant = "red"',
    "annotation.items > 3",
    'edge("stock", "web")',
    'service("stock") { fault }',
    'service("till")',
    'user = "bob"',
    "http.status = 500",
]


def test_filter_expressions_find_what_the_sdk_put_into_the_trace(day: Day) -> None:
    carts = set(day.carts)
    assert len(carts) == CARTS
    assert {expression: carts <= day.reader.summaries(expression).keys() for expression in FOUND} == dict.fromkeys(FOUND, True)
    assert {expression: carts.isdisjoint(day.reader.summaries(expression)) for expression in NOT_FOUND} == dict.fromkeys(NOT_FOUND, True)


def test_a_failure_behind_is_found_by_the_service_that_failed_and_not_by_the_roots_flags(day: Day) -> None:
    for expression, found in {
        'service("stock") { fault }': True,
        'edge("web", "stock") { fault }': True,
        "fault": False,
        "ok": True,
    }.items():
        assert (day.broken in day.reader.summaries(expression)) == found, expression


def test_a_summary_shows_the_request_its_annotations_and_its_user(day: Day) -> None:
    summary = day.reader.summaries()[day.carts[0]]
    assert (summary["HasFault"], summary["HasError"], summary["HasThrottle"], summary["IsPartial"]) == (False, False, False, False)
    assert (summary["Http"]["HttpMethod"], summary["Http"]["HttpStatus"], summary["Http"]["ClientIp"]) == ("GET", 200, "127.0.0.1")
    assert summary["Http"]["HttpURL"] == f"http://127.0.0.1:{day.shop.web.port}/cart"
    assert summary["EntryPoint"]["Name"] == "web"
    assert summary["Duration"] >= summary["ResponseTime"] > 0
    annotations = {key: [each["AnnotationValue"] for each in values] for key, values in summary["Annotations"].items()}
    assert annotations == {"tenant": [{"StringValue": "blue"}], "items": [{"NumberValue": 3.0}], "beta": [{"BooleanValue": True}]}
    assert [user["UserName"] for user in summary["Users"]] == ["ann"]
    assert {node(service) for service in summary["ServiceIds"]} == {("web", "client"), day.shop.web_node, day.shop.stock_node}


def test_the_traces_of_one_request_are_one_trace(day: Day) -> None:
    """Both services showed the same id in their answers, and the second's segment hangs on the first's call."""
    answer = day.shop.web.get("/cart").document
    assert answer["trace_id"] == answer["next"]["trace_id"]
    segments = both(day.reader, answer["trace_id"])
    until(lambda: day.reader.segments(answer["trace_id"])["web"].get("subsegments"), "the call")
    (called,) = day.reader.segments(answer["trace_id"])["web"]["subsegments"]
    assert (segments["web"].get("parent_id"), segments["stock"]["parent_id"], called["namespace"]) == (None, called["id"], "remote")
    assert called["http"]["request"]["url"] == f"http://127.0.0.1:{day.shop.stock.port}/stock"
    assert segments["web"]["annotations"] == {"tenant": "blue", "items": 3, "beta": True}
    assert {"items": ["tea", "cup"]} in (segments["web"]["metadata"].get("cart"), segments["web"]["metadata"]["default"].get("cart"))


def test_parts_that_were_sent_apart_are_folded_into_their_segment(day: Day) -> None:
    """The X-Ray SDK sends subsegments by themselves when a segment has more than thirty, OpenTelemetry each span by itself."""
    trace_id = trace_of(day.shop.web.get("/many"))

    def steps() -> list[str]:
        return [step["name"] for step in day.reader.segments(trace_id).get("web", {}).get("subsegments", [])]

    expected = [f"step {number}" for number in range(70)]
    until(lambda: sorted(steps()) == sorted(expected), "every step")
    assert steps() == expected
    summary = day.reader.summaries()[trace_id]
    assert (summary["IsPartial"], summary["HasFault"]) == (False, False)
    assert {node(service) for service in summary["ServiceIds"]} == {("web", "client"), day.shop.web_node}


def test_the_trace_id_of_a_load_balancer_is_the_traces_id(xray_day: Day) -> None:
    """A load balancer sends a Root without Parent; the segment has no parent then, and the trace is whole."""
    trace_id = f"1-{int(time.time()):08x}-{3:024x}"
    answer = xray_day.shop.web.get("/cart", f"Self=1-67891234-12456789abcdef0123456789;Root={trace_id}")
    assert trace_of(answer) == trace_id
    both(xray_day.reader, trace_id)
    assert xray_day.reader.summaries()[trace_id]["IsPartial"] is False


def test_the_graph_of_a_trace_is_client_web_stock(day: Day) -> None:
    services = day.reader.trace_graph(day.carts[0])
    assert {node(service) for service in services} == {("web", "client"), day.shop.web_node, day.shop.stock_node}
    assert edges(services) == day.shop.web_edges
    assert [service["Name"] for service in services if service.get("Root")] == ["web"]
    called = call(services, day.shop.web_node, day.shop.stock_node)
    assert (called["SummaryStatistics"]["OkCount"], called["SummaryStatistics"]["TotalCount"]) == (1, 1)
    assert {alias["Type"] for alias in called["Aliases"]} == {"remote"}


def test_the_service_graph_counts_the_days_calls(day: Day) -> None:
    services = day.reader.service_graph()
    assert day.shop.web_edges <= edges(services)
    called = call(services, day.shop.web_node, day.shop.stock_node)["SummaryStatistics"]
    assert called["TotalCount"] >= CARTS + 1
    assert called["FaultStatistics"]["TotalCount"] == 1
    (stock,) = [service for service in services if node(service) == day.shop.stock_node]
    assert (stock["SummaryStatistics"]["FaultStatistics"]["TotalCount"], stock["State"]) == (1, "active")
    assert sum(each["Count"] for each in stock["ResponseTimeHistogram"]) == stock["SummaryStatistics"]["TotalCount"]


def test_an_exception_is_kept_with_its_message_and_is_the_root_cause(day: Day) -> None:
    stock = both(day.reader, day.broken)["stock"]
    assert stock["fault"] is True
    (exception,) = stock["cause"]["exceptions"]
    assert (exception["type"], exception["message"]) == ("ValueError", "no money")
    assert exception["stack"]
    causes = day.reader.summaries()[day.broken]["FaultRootCauses"]
    blamed = [
        (each["Name"], entity.get("Exceptions", [])) for cause in causes for each in cause["Services"] for entity in each["EntityPath"]
    ]
    assert ("stock", [{"Name": "ValueError", "Message": "no money"}]) in blamed


@pytest.mark.parametrize(("web", "stock"), [("xray", "xray"), ("opentelemetry", "opentelemetry")])
def test_statistics_count_every_request_once(apps: dict[Sdk, App], web: Sdk, stock: Sdk) -> None:
    """Three carts and a broken one that web answers with 200 though stock failed; then one that fails in web itself.

    Statistics are of minutes that are over.
    """
    with open_shop(apps, web, stock, f"counted-{web}") as shop:
        day_of(shop)
        assert shop.web.get("/fail").status == 500
        until(lambda: shop.reader.summaries("fault"), "the failed request")
        shop.clock.ahead_seconds = 60
        reader = shop.reader
        assert reader.statistics('service("web")') == {"total": 5, "ok": 4, "error": 0, "fault": 1}
        assert reader.statistics('service("stock")') == {"total": 4, "ok": 3, "error": 0, "fault": 1}
        assert reader.statistics('edge("web", "stock")') == {"total": 4, "ok": 3, "error": 0, "fault": 1}
        assert reader.statistics() == {"total": 5, "ok": 4, "error": 0, "fault": 1}


def test_a_call_to_aws_shows_the_table_that_refused(xray_day: Day) -> None:
    """The SDK calls a refusal by AWS a fault as well as an error, and DynamoDB by its endpoint's name."""
    reader, answer = xray_day.reader, xray_day.shop.web.get("/order")
    assert answer.document["error"] == "ProvisionedThroughputExceededException"
    trace_id = trace_of(answer)
    until(lambda: reader.segments(trace_id), "the segment")
    (called,) = reader.segments(trace_id)["web"]["subsegments"]
    assert (called["name"], called["namespace"], called["aws"]["table_name"], called["aws"]["request_id"]) == (
        "dynamodb",
        "aws",
        "orders",
        "REQUEST1",
    )
    table = ("orders", "AWS::DynamoDB::Table")
    assert edges(reader.trace_graph(trace_id)) == {(("web", "client"), ("web", None)), (("web", None), table)}
    assert trace_id in reader.summaries('service(id(name: "orders", type: "AWS::DynamoDB::Table")) { fault }')
    assert trace_id not in reader.summaries("fault OR error")


def test_the_sdk_obeys_the_sandboxs_sampling_rules(xray_day: Day) -> None:
    """Without rules it would take the first request of every second, and one in twenty of the others."""
    web, reader = xray_day.shop.web, xray_day.reader
    for _ in range(HEALTH_CHECKS):
        assert web.get("/health").status == 200
    sent = {trace_of(web.get("/stock")) for _ in range(HEALTH_CHECKS)}
    until(lambda: sent <= reader.summaries('http.url ENDSWITH "/stock"').keys(), "every request that is no health check")
    assert reader.summaries('http.url CONTAINS "/health"') == {}
    rules = web.get("/health/sampling", NOT_SAMPLED).document
    assert {name: rule["rate"] for name, rule in rules.items()} == {"Default": 1.0, "health": 0.0}


def test_a_reported_rule_gets_a_quota(xray_day: Day) -> None:
    """The SDK reads the answer to its report, or the app would answer 500."""
    xray_day.shop.web.get("/stock")
    answer = until(
        lambda: a if (a := xray_day.shop.web.get("/health/sampling", NOT_SAMPLED)).document["Default"]["quota"] is not None else None,
        "a quota",
    )
    assert answer.document["Default"]["quota"] >= 0


def otlp_request(trace_id: str, *, end: float) -> bytes:
    made = ExportTraceServiceRequest()
    of_resource = made.resource_spans.add()
    of_resource.resource.attributes.add(key="service.name").value.string_value = "lambda"
    span = of_resource.scope_spans.add().spans.add(
        trace_id=bytes.fromhex(trace_id.removeprefix("1-").replace("-", "")),
        span_id=bytes.fromhex("53995c3f42cd8ad8"),
        name="handler",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=int((end - 0.5) * 1e9),
        end_time_unix_nano=int(end * 1e9),
    )
    span.attributes.add(key="http.response.status_code").value.int_value = 200
    return made.SerializeToString()


@pytest.fixture(scope="module")
def bare() -> Iterator[tuple[Sandbox, Reader]]:
    with Sandbox(settings()) as sandbox, reading(sandbox) as reader:
        yield sandbox, reader


def test_the_datagrams_of_the_aws_distribution_are_taken(bare: tuple[Sandbox, Reader]) -> None:
    """The daemon's header line, then T1S for sampled spans, then the request in base64: aws-otel-python-instrumentation, UDP exporter."""
    sandbox, reader = bare
    trace_id = f"1-{int(time.time()):08x}-{1:024x}"
    datagram = b'{"format":"json","version":1}\nT1S' + base64.b64encode(otlp_request(trace_id, end=time.time()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(datagram, sandbox.udp_address)
    segments = until(lambda: reader.segments(trace_id), "the segment")
    assert segments["lambda"]["http"] == {"request": {}, "response": {"status": 200}}
    assert trace_id in reader.summaries('service("lambda") { root AND http.status = 200 }')


def post(sandbox: Sandbox, body: bytes, content_type: str, **headers: str) -> Answer:
    host, port = sandbox.http_address
    connection = HTTPConnection(host, port, timeout=10)
    try:
        connection.request("POST", "/v1/traces", body, {"Content-Type": content_type, **headers})
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read().decode("utf-8", "replace"))
    finally:
        connection.close()


def test_a_malformed_request_of_otlp_is_refused_with_its_reason(bare: tuple[Sandbox, Reader]) -> None:
    sandbox, _ = bare
    answer = post(sandbox, b"\xff\xff", "application/x-protobuf")
    assert (answer.status, "no ExportTraceServiceRequest in protobuf" in answer.text) == (400, True)
    assert post(sandbox, b"{", "application/json").status == 400
    assert post(sandbox, b"no gzip", "application/x-protobuf", **{"Content-Encoding": "gzip"}).status == 400


def test_an_answer_to_otlp_is_in_the_requests_own_format(bare: tuple[Sandbox, Reader]) -> None:
    """OTLP specification, OTLP/HTTP: the response has the content type of the request; an empty message is whole success."""
    sandbox, _ = bare
    taken = post(sandbox, otlp_request(f"1-{int(time.time()):08x}-{2:024x}", end=time.time()), "application/x-protobuf")
    assert (taken.status, taken.headers["Content-Type"], taken.text) == (200, "application/x-protobuf", "")
    taken = post(sandbox, b"{}", "application/json")
    assert (taken.status, taken.headers["Content-Type"], taken.document) == (200, "application/json", {})
