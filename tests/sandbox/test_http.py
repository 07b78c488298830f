from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from tests.sandbox.build_trace import TRACE_ID, segment, span_id
from xray_grafana.errors import OutputError
from xray_grafana.sandbox.addresses import address_of, bound
from xray_grafana.sandbox.api.answers import Answer, Request
from xray_grafana.sandbox.api.operations import OPERATIONS
from xray_grafana.sandbox.http import HttpServer
from xray_grafana.sandbox.server import Sandbox, Settings

pytestmark = pytest.mark.enable_socket

LOOPBACK = ("127.0.0.1", 0)
DOCUMENT = json.dumps(segment("shop", 1))


@pytest.fixture(scope="module")
def notes() -> list[str]:
    return []


@pytest.fixture
def sandbox(notes: list[str]) -> Iterator[Sandbox]:
    notes.clear()
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK), note=notes.append) as running:
        yield running


class Answered:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.error = response.headers["x-amzn-errortype"]
        self.type = response.headers["Content-Type"]
        self.request_id = response.headers["x-amzn-RequestId"]
        self.closes = response.headers["Connection"] == "close"
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(sandbox: Sandbox, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answered:
    with closing(http.client.HTTPConnection(*sandbox.http_address, timeout=20)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Answered(connection.getresponse())


def raw(sandbox: Sandbox, text: bytes) -> Answered:
    with socket.create_connection(sandbox.http_address, timeout=20) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        with closing(response):
            return Answered(response)


def put(sandbox: Sandbox, *documents: str, **headers: str) -> Answered:
    return ask(sandbox, "POST", "/TraceSegments", json.dumps({"TraceSegmentDocuments": documents}), **headers)


def test_boto3_puts_segments_and_reads_them_back(sandbox: Sandbox) -> None:
    host, port = sandbox.http_address
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    config = Config(retries={"total_max_attempts": 1})
    client = boto3.client("xray", region_name="us-east-1", endpoint_url=f"http://{host}:{port}", config=config, **keys)
    answer = client.put_trace_segments(TraceSegmentDocuments=[DOCUMENT, "{"])
    refused = {"ErrorCode": "ParseError", "Message": "Invalid segment. ErrorCode: ParseError"}
    assert answer["UnprocessedTraceSegments"] == [refused]
    (trace,) = client.batch_get_traces(TraceIds=[TRACE_ID])["Traces"]
    assert [each["Id"] for each in trace["Segments"]] == [span_id(1)]
    with pytest.raises(client.exceptions.InvalidRequestException) as raised:
        client.put_trace_segments(TraceSegmentDocuments=[])
    assert raised.value.response["Error"] == {"Message": "Segments can not be empty", "Code": "InvalidRequestException"}
    assert client.put_telemetry_records(TelemetryRecords=[{"Timestamp": 1_790_000_000}])["ResponseMetadata"]["HTTPStatusCode"] == 200
    client.close()


def test_a_group_takes_what_comes_after_it_and_keeps_what_came_before_it_changed(sandbox: Sandbox) -> None:
    """Nothing waits between the calls: whether the traces had been read by then must not show."""

    def call(path: str, **members: Any) -> Any:
        return ask(sandbox, "POST", path, json.dumps(members)).json

    window = {"StartTime": (now := time.time()) - 60, "EndTime": now + 60}

    def names() -> set[str]:
        return {each["Name"] for each in call("/ServiceGraph", **window, GroupName="sound")["Services"]}

    put(sandbox, DOCUMENT)
    call("/CreateGroup", GroupName="sound", FilterExpression="ok")
    assert names() == set()
    put(sandbox, json.dumps({**segment("cart", 2), "trace_id": TRACE_ID[:-1] + "2"}))
    call("/UpdateGroup", GroupName="sound", FilterExpression="fault")
    assert names() == {"cart"}


def test_more_than_50_documents_are_refused(sandbox: Sandbox) -> None:
    assert put(sandbox, *[DOCUMENT] * 50).json == {"UnprocessedTraceSegments": []}
    answered = put(sandbox, *[DOCUMENT] * 51)
    assert (answered.status, answered.json) == (400, {"Message": "Exceeding maximum segment count: 50"})
    assert answered.error == "InvalidRequestException"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({}, 400, "ValidationException"),
        ({"TraceSegmentDocuments": "x"}, 400, "SerializationException"),
        ({"TraceSegmentDocuments": [{}]}, 400, "SerializationException"),
    ],
)
def test_put_trace_segments_wants_a_list_of_texts(sandbox: Sandbox, body: Any, status: int, error: str) -> None:
    answered = ask(sandbox, "POST", "/TraceSegments", json.dumps(body))
    assert (answered.status, answered.error) == (status, error)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"TelemetryRecords": [{"Timestamp": 1.79e9, "SegmentsSentCount": 5}] * 30, "Hostname": "h", "EC2InstanceId": ""}, {}),
        ({"TelemetryRecords": []}, {"Message": "Telemetry records can not be empty"}),
        ({}, "telemetryRecords"),
        ({"TelemetryRecords": {}}, "list of records"),
        ({"TelemetryRecords": [{}]}, "timestamp"),
        ({"TelemetryRecords": [{"Timestamp": 1}], "Hostname": "h" * 256}, "hostname"),
    ],
)
def test_telemetry_records_are_taken_and_checked(sandbox: Sandbox, body: Any, answer: Any) -> None:
    answered = ask(sandbox, "POST", "/TelemetryRecords", json.dumps(body)).json
    assert answered == answer if isinstance(answer, dict) else answer in answered["message"]


@pytest.mark.parametrize(
    "authorization",
    [None, "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0", "nonsense", ""],
)
def test_signed_badly_signed_and_unsigned_requests_are_taken(sandbox: Sandbox, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert put(sandbox, DOCUMENT, **headers).status == 200


def test_the_port_of_the_daemon_serves_the_same_api(sandbox: Sandbox) -> None:
    with closing(http.client.HTTPConnection(*sandbox.udp_address, timeout=20)) as connection:
        connection.request("POST", "/GetSamplingRules", "{}")
        records = json.loads(connection.getresponse().read())["SamplingRuleRecords"]
        assert [record["SamplingRule"]["RuleName"] for record in records] == ["Default"]
        connection.request("POST", "/TraceSegments", json.dumps({"TraceSegmentDocuments": [DOCUMENT]}))
        assert json.loads(connection.getresponse().read()) == {"UnprocessedTraceSegments": []}


def test_a_connection_is_kept_and_each_answer_has_its_own_id(sandbox: Sandbox) -> None:
    with closing(http.client.HTTPConnection(*sandbox.http_address, timeout=20)) as connection:
        ids = set()
        for path in ("/Groups", "/Nowhere", "/Groups"):
            connection.request("POST", path, "{}")
            ids.add(Answered(connection.getresponse()).request_id)
            assert connection.sock is not None
    assert len(ids) == 3


def test_who_opens_the_address_reads_what_it_is(sandbox: Sandbox) -> None:
    put(sandbox, DOCUMENT, "{")
    answered = ask(sandbox, "GET", "/")
    host, port = sandbox.http_address
    assert (answered.status, answered.type) == (200, "text/plain; charset=utf-8")
    text = answered.body.decode()
    assert f"http://{host}:{port}" in text
    assert "docs/sandbox.md" in text
    assert "1 segments of 1 traces stored, 1 rejected, 0 bad datagrams, 0 lost" in text


@pytest.mark.parametrize(("method", "path"), [("POST", "/Nowhere"), ("GET", "/TraceSegments"), ("PUT", "/"), ("POST", "/Traces/")])
def test_an_unknown_path_is_a_404_that_names_the_paths_there_are(sandbox: Sandbox, method: str, path: str) -> None:
    answered = ask(sandbox, method, path, "{}")
    assert (answered.status, answered.error) == (404, "UnknownOperationException")
    assert "POST /TraceSegments" in answered.json["Message"]
    assert f"{method} {path}" in answered.json["Message"]


def test_an_address_that_is_none_is_an_unknown_path(sandbox: Sandbox) -> None:
    assert raw(sandbox, b"GET http://[ HTTP/1.1\r\n\r\n").status == 404


def test_an_operation_that_is_not_covered_says_what_is(sandbox: Sandbox) -> None:
    uncovered = [each for each in OPERATIONS if each.handler is None]
    assert uncovered
    for operation in uncovered:
        answered = ask(sandbox, operation.method, operation.path, "{}")
        assert (answered.status, answered.error) == (400, "UnknownOperationException")
        assert operation.name in answered.json["Message"]
        assert "PutTraceSegments" in answered.json["Message"]


@pytest.mark.parametrize("body", ["{", "[]", "5", '{"a":NaN}', '{"a":"\\ud800"}', b"\xff", "[" * 100_000])
def test_a_body_that_is_no_json_object_is_a_serialization_error(sandbox: Sandbox, body: bytes | str) -> None:
    answered = ask(sandbox, "POST", "/TraceSegments", body)
    assert (answered.status, answered.error) == (400, "SerializationException")
    assert list(answered.json) == ["message"]


def test_an_empty_body_is_an_empty_object(sandbox: Sandbox) -> None:
    assert ask(sandbox, "POST", "/GetSamplingRules", b"").status == 200
    assert ask(sandbox, "POST", "/GetSamplingRules", b" \n").status == 200


def test_members_may_stand_in_the_query(sandbox: Sandbox) -> None:
    assert ask(sandbox, "GET", "/services?StartTime=1790000000&EndTime=1790003600").status == 200
    assert ask(sandbox, "GET", "/services?StartTime=1790000000").error == "ValidationException"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_web_page_may_not_call(sandbox: Sandbox, origin: str) -> None:
    for answered in (
        put(sandbox, DOCUMENT, Origin=origin),
        ask(sandbox, "GET", "/", Origin=origin),
        ask(sandbox, "POST", "/v1/traces", "{}", Origin=origin),
    ):
        assert (answered.status, answered.error) == (403, "AccessDeniedException")
    assert sandbox.ingest.counts().segments == 0
    assert ask(sandbox, "OPTIONS", "/TraceSegments", Origin=origin).status == 501


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /Groups HTTP/9.9\r\n\r\n", 505),
        (b"POST /Groups HTTP/1.1\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}", 400),
        (b"POST /Groups HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (b"POST /Groups HTTP/1.1\r\nContent-Length: two\r\n\r\n{}", 400),
        (b"POST /Groups HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}", 400),
        (b"POST /Groups HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n{}", 400),
        (b"POST /Groups HTTP/1.1\r\nContent-Length: 100\r\n\r\n{}", 400),
        (b"POST /Groups HTTP/1.1\r\n\r\n", 411),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n0\r\n\r\n", 400),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", 400),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", 400),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 400),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + b"X: x\r\n" * 200, 400),
        (b"POST /Groups HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1000001\r\n{}", 413),
        (b"POST /Groups HTTP/1.1\r\nContent-Length: 16777217\r\n\r\n{}", 413),
        (b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"POST /Groups HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"POST /Groups HTTP/1.1\r\n" + b"X: x\r\n" * 200 + b"\r\n", 431),
        (b"BREW /Groups HTTP/1.1\r\n\r\n", 501),
    ],
)
def test_a_malformed_request_is_answered_in_the_form_of_aws_and_the_connection_closed(
    sandbox: Sandbox, request_text: bytes, status: int
) -> None:
    answered = raw(sandbox, request_text)
    assert (answered.status, answered.type, answered.closes) == (status, "application/json", True)
    assert answered.error
    assert answered.json["message"]


def test_a_body_may_come_in_chunks(sandbox: Sandbox) -> None:
    """As OpenTelemetry for Node sends it; with an extension and a trailer, as HTTP allows."""
    head = b"POST /GetGroup HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
    answered = raw(sandbox, head + b'E;a=b\r\n{"GroupName": \r\n0A\r\n"Default"}\r\n0\r\nX: x\r\n\r\n')
    assert answered.json["Group"]["GroupName"] == "Default"


def test_a_body_that_is_too_large_is_answered_while_it_is_still_sent(sandbox: Sandbox) -> None:
    answered = ask(sandbox, "POST", "/TraceSegments", b"x" * 20_000_000)
    assert (answered.status, answered.error) == (413, "RequestEntityTooLargeException")


def test_the_largest_call_that_x_ray_takes_fits(sandbox: Sandbox) -> None:
    """50 documents of 64 KiB with half of their characters escaped are some 5 MB."""
    text = json.dumps({**segment("shop", 1), "user": ""})
    text = text.replace('"user": ""', '"user": "' + "x" * (65_536 - len(text)) + '"')
    assert len(text) == 65_536
    assert put(sandbox, *[text] * 50).json == {"UnprocessedTraceSegments": []}


def test_a_client_that_hangs_up_is_nobodys_fault(sandbox: Sandbox, notes: list[str]) -> None:
    for text in (b"", b"POST /Gro", b"POST /Groups HTTP/1.1\r\nContent-Length: 5\r\n\r\n"):
        with socket.create_connection(sandbox.http_address, timeout=20) as connection:
            connection.sendall(text)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert ask(sandbox, "POST", "/Groups", "{}").status == 200
    assert notes == []


def export_request(**attributes: str) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id = bytes.fromhex(TRACE_ID[2:].replace("-", "")), (1).to_bytes(8, "big")
    span.name, span.kind = "GET /", span.SPAN_KIND_SERVER
    span.start_time_unix_nano, span.end_time_unix_nano = 1_790_000_000 * 10**9, 1_790_000_001 * 10**9
    for key, value in attributes.items():
        span.attributes.add(key=key).value.string_value = value
    return request


@pytest.mark.parametrize("encoding", ["", "gzip", "identity"])
def test_spans_of_opentelemetry_become_segments(sandbox: Sandbox, encoding: str) -> None:
    body = export_request().SerializeToString()
    body = gzip.compress(body) if encoding == "gzip" else body
    answered = ask(sandbox, "POST", "/v1/traces", body, Content_Type="application/x-protobuf", Content_Encoding=encoding)
    assert (answered.status, answered.type, answered.body) == (200, "application/x-protobuf", b"")
    assert sandbox.ingest.counts().segments == 1


def test_spans_may_come_as_json(sandbox: Sandbox) -> None:
    span = {"traceId": TRACE_ID[2:].replace("-", ""), "spanId": span_id(1), "name": "a", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    answered = ask(sandbox, "POST", "/v1/traces", body, Content_Type="application/json; charset=utf-8")
    assert (answered.status, answered.json) == (200, {})
    assert sandbox.ingest.counts().segments == 1


def test_spans_that_make_too_large_a_document_are_counted_in_the_answer(sandbox: Sandbox) -> None:
    request = export_request(note="x" * 70_000)
    answered = ask(sandbox, "POST", "/v1/traces", request.SerializeToString(), Content_Type="application/x-protobuf")
    response = ExportTraceServiceResponse.FromString(answered.body)
    assert response.partial_success.rejected_spans == 1
    assert response.partial_success.error_message.startswith("Segment Size Exceeded.")
    span = {"traceId": TRACE_ID[2:].replace("-", ""), "spanId": span_id(1), "name": "a", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    span["attributes"] = [{"key": "note", "value": {"stringValue": "x" * 70_000}}]  # type: ignore[assignment]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    answered = ask(sandbox, "POST", "/v1/traces", body, Content_Type="application/json")
    assert answered.json["partialSuccess"]["rejectedSpans"] == "1"


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "status", "said"),
    [
        (b"x", "text/plain", "", 415, "not as text/plain"),
        (b"x", "", "", 415, "not as nothing"),
        (b"\xff", "application/x-protobuf", "", 400, "no ExportTraceServiceRequest"),
        (b"{", "application/json", "", 400, "no JSON"),
        (b"xxxxxxxx", "application/x-protobuf", "gzip", 400, "the body is not gzip"),
        (gzip.compress(b"x" * 100)[:-9], "application/x-protobuf", "gzip", 400, "cut off"),
        (gzip.compress(bytes(5_242_881)), "application/x-protobuf", "gzip", 400, "more than 5242880 bytes when unpacked"),
        (bytes(5_242_881), "application/x-protobuf", "", 400, "more than 5242880 bytes — expected smaller batches"),
        (b"x", "application/x-protobuf", "br", 400, "br is not known"),
    ],
)
def test_what_is_no_otlp_is_refused(sandbox: Sandbox, body: bytes, content_type: str, encoding: str, status: int, said: str) -> None:
    answered = ask(sandbox, "POST", "/v1/traces", body, Content_Type=content_type, Content_Encoding=encoding)
    assert answered.status == status
    assert said in answered.json["message"]


def test_a_fault_of_the_sandbox_is_an_answer_and_a_note(sandbox: Sandbox, notes: list[str]) -> None:
    """The database is closed under it, and then one of its tables is gone."""
    with sandbox.store.writing() as connection:
        connection.execute("DROP TABLE sampling_rules")
    answered = ask(sandbox, "POST", "/GetSamplingRules", "{}")
    assert (answered.status, answered.error) == (500, "InternalFailure")
    assert "no such table: sampling_rules" in answered.json["message"]
    assert "no such table: sampling_rules" in notes[-1]


def test_a_store_that_fails_is_an_answer_and_a_note(sandbox: Sandbox, notes: list[str]) -> None:
    sandbox.store.close()
    answered = put(sandbox, DOCUMENT)
    assert (answered.status, answered.error) == (500, "InternalFailure")
    assert "the database is closed" in answered.json["message"]
    assert "the database is closed" in " ".join(notes)


def test_a_full_disk_keeps_nobody_from_reading(tmp_path: Path, notes: list[str]) -> None:
    notes.clear()
    with Sandbox(Settings(tmp_path / "x.db", LOOPBACK, LOOPBACK), note=notes.append) as sandbox:
        large = json.dumps({**segment("shop", 1), "annotations": {"note": "x" * 40_000}})
        with sandbox.store.writing() as connection:
            connection.execute("INSERT INTO traces (id, received, revision, dirty) VALUES (?, 1, 1, 1)", (TRACE_ID,))
            connection.execute("INSERT INTO segments VALUES (?, ?, 0, 1, ?)", (TRACE_ID, span_id(1), large))
            connection.execute("PRAGMA max_page_count = 1")  # not a page more than now
        assert ask(sandbox, "POST", "/Groups", "{}").status == 200
    assert "the disk is full" in " ".join(notes)


def test_a_request_that_is_being_answered_at_the_end_is_answered(notes: list[str]) -> None:
    entered, leave = threading.Event(), threading.Event()

    def answer(request: Request) -> Answer:
        entered.set()
        assert leave.wait(20)
        return Answer(200, "text/plain", request.body)

    listening = bound("tcp", LOOPBACK)
    address = address_of(listening)
    server = HttpServer(listening, answer, notes.append)
    idle = socket.create_connection(address, timeout=20)
    with closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
        connection.request("POST", "/", b"last words")
        assert entered.wait(20)
        ending = threading.Thread(target=server.close)
        ending.start()
        assert idle.recv(1) == b""  # hung up
        leave.set()
        assert connection.getresponse().read() == b"last words"
    ending.join()
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=20)


def test_a_client_that_never_reads_its_answer_holds_up_no_end() -> None:
    large = bytes(64 * 1024 * 1024)
    listening = bound("tcp", LOOPBACK)
    with socket.create_connection(address_of(listening), timeout=20) as connection:
        server = HttpServer(listening, lambda _: Answer(200, "text/plain", large), print, read_seconds=3600, last_seconds=0.05)
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(1) == b"H"
        server.close()
        read = 0
        with suppress(ConnectionResetError):
            while chunk := connection.recv(1 << 20):
                read += len(chunk)
        assert read < len(large)


def test_a_client_that_falls_silent_within_a_request_is_told_and_dropped() -> None:
    listening = bound("tcp", LOOPBACK)
    address = address_of(listening)
    server = HttpServer(listening, lambda _: Answer(200, "text/plain", b""), print, read_seconds=0.05)
    with closing(server), socket.create_connection(address, timeout=20) as connection:
        connection.sendall(b"POST /Groups HTTP/1.1\r\nContent-Length: 5\r\n\r\n{}")
        response = http.client.HTTPResponse(connection)
        response.begin()
        with closing(response):
            answered = Answered(response)
        assert (answered.status, answered.error) == (408, "RequestTimeoutException")
        assert connection.recv(1) == b""


def test_a_fault_in_answering_is_noted_and_the_server_goes_on() -> None:
    notes: list[str] = []
    noted = threading.Event()

    def note(line: str) -> None:
        notes.append(line)
        noted.set()

    def answer(request: Request) -> Answer:
        if request.body == b"bad":
            raise OutputError("no answer")
        return Answer(200, "text/plain", b"fine")

    listening = bound("tcp", LOOPBACK)
    address = address_of(listening)
    with closing(HttpServer(listening, answer, note)):
        for body in (b"bad", b"good"):
            with closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
                connection.request("POST", "/", body)
                if body == b"good":
                    assert connection.getresponse().read() == b"fine"
                else:
                    with pytest.raises(http.client.RemoteDisconnected):
                        connection.getresponse()
        assert noted.wait(20)
    assert notes == ["connection of 127.0.0.1: OutputError: no answer"]
