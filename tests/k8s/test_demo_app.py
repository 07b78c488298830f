"""The demo's two services, run for real with each SDK against what takes their traces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.k8s.shop import Answer, Collector, Daemon, Image, Service, collector, daemon, running, until

pytestmark = pytest.mark.enable_socket

SELF = "1-67891234-12456789abcdef0123456789"
XRAY_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
KINDS = ["xray", "otel"]


@dataclass(frozen=True)
class Shop:
    front: Service
    back: Service


def calm(role: str) -> dict[str, str]:
    return {"DEMO_ROLE": role, "DEMO_FAILURE_RATE": "0", "DEMO_MAX_DELAY_SECONDS": "0.01", "HOSTNAME": f"pod-{role}"}


@contextmanager
def open_shop(image: Image, **variables: str) -> Iterator[Shop]:
    with running(image, "back", **calm("back"), **variables) as back:
        front = calm("front") | {"DEMO_BACK_URL": f"http://127.0.0.1:{back.port}"}
        with running(image, "front", **front, **variables) as service:
            yield Shop(service, back)


@pytest.fixture(scope="module")
def xray_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image.of("xray", tmp_path_factory.mktemp("xray"))


@pytest.fixture(scope="module")
def otel_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image.of("opentelemetry", tmp_path_factory.mktemp("otel"))


@pytest.fixture(scope="module")
def taken() -> Iterator[Daemon]:
    with daemon() as taker:
        yield taker


@pytest.fixture(scope="module")
def received() -> Iterator[Collector]:
    with collector() as taker:
        yield taker


@pytest.fixture(scope="module")
def xray(xray_image: Image, taken: Daemon) -> Iterator[Shop]:
    with open_shop(xray_image, AWS_XRAY_DAEMON_ADDRESS=taken.address) as shop:
        yield shop


@pytest.fixture(scope="module")
def otel(otel_image: Image, received: Collector) -> Iterator[Shop]:
    with open_shop(otel_image, OTEL_EXPORTER_OTLP_ENDPOINT=received.address, OTEL_BSP_SCHEDULE_DELAY="100") as shop:
        yield shop


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest) -> Shop:
    made: Shop = request.getfixturevalue(request.param)
    return made


def fresh_id(number: int) -> str:
    """A trace id that no other test uses."""
    return f"1-67891233-{number:024x}"


def line_of(service: Service, trace_id: str) -> str:
    found: list[str] = until(
        lambda: [line for line in service.lines() if line.endswith(f" trace_id={trace_id}")], f"a line with {trace_id}"
    )
    assert len(found) == 1
    return found[0]


def sampled(shop: Shop, header: str | None = None) -> Answer:
    """The answer to a request whose header leaves sampling to the SDK: without rules from X-Ray it samples one a second."""
    answer: Answer = until(lambda: a if (a := shop.front.get(header=header)).document["trace_id"] else None, "a sampled request")
    assert answer.status == 200
    return answer


def both_segments(taken: Daemon, trace_id: str) -> dict[str, Any]:
    segments: dict[str, Any] = until(lambda: s if len(s := taken.of_trace(trace_id)) == 2 else None, f"both segments of {trace_id}")
    return segments


def shown_ids(answer: Answer) -> list[str | None]:
    return [answer.headers.get("X-Trace-Id"), answer.document["trace_id"], answer.document["back"]["trace_id"]]


def test_one_trace_id_stands_in_segments_reply_header_and_log_lines(xray: Shop, taken: Daemon) -> None:
    (trace_id,) = set(shown_ids(sampled(xray)))
    assert trace_id is not None
    assert XRAY_ID.fullmatch(trace_id)
    segments = both_segments(taken, trace_id)
    front, back = segments["demo-front"], segments["demo-back"]
    (call,) = front["subsegments"]
    assert (call["namespace"], back["parent_id"]) == ("remote", call["id"])
    assert [step["name"] for step in back["subsegments"]] == ["work"]
    assert (front["annotations"], back["annotations"]) == ({"pod": "pod-front"}, {"pod": "pod-back"})
    for service, name in ((xray.front, "demo-front"), (xray.back, "demo-back")):
        assert re.fullmatch(
            rf'level=INFO service={name} method=GET path="/" status=200 duration_seconds=\d\.\d{{3}} trace_id={trace_id}',
            line_of(service, trace_id),
        )


def test_opentelemetry_shows_the_id_of_its_spans_in_the_form_of_xray(otel: Shop, received: Collector) -> None:
    (trace_id,) = set(shown_ids(sampled(otel)))
    assert trace_id is not None
    assert XRAY_ID.fullmatch(trace_id)
    until(lambda: received.services_of(trace_id) == {"demo-front", "demo-back"}, f"spans of {trace_id}")
    assert "service=demo-front " in line_of(otel.front, trace_id)
    assert "service=demo-back " in line_of(otel.back, trace_id)


@pytest.mark.parametrize("kind", KINDS)
def test_the_trace_id_of_a_load_balancer_is_kept(kind: str, request: pytest.FixtureRequest) -> None:
    """A load balancer sends `Self=…;Root=…`, without Parent and Sampled."""
    shop: Shop = request.getfixturevalue(kind)
    trace_id = fresh_id(KINDS.index(kind) + 1)
    assert set(shown_ids(sampled(shop, f"Self={SELF};Root={trace_id}"))) == {trace_id}
    if kind == "xray":
        assert set(both_segments(request.getfixturevalue("taken"), trace_id)) == {"demo-front", "demo-back"}
    else:
        received: Collector = request.getfixturevalue("received")
        until(lambda: received.services_of(trace_id) == {"demo-front", "demo-back"}, f"spans of {trace_id}")


def test_a_request_that_is_not_sampled_shows_no_id_anywhere(shop: Shop) -> None:
    """The X-Ray SDK answers such a request with a Root of zeros."""
    trace_id = fresh_id(7)
    before = len(shop.front.lines())
    answer = shop.front.get(header=f"Root={trace_id};Parent=53995c3f42cd8ad8;Sampled=0")
    assert (answer.status, shown_ids(answer)) == (200, [None, None, None])
    (line,) = until(lambda: shop.front.lines()[before:], "the line")
    assert "trace_id" not in line


@pytest.mark.parametrize("header", ["Root=1-xyz;Sampled=1", "Root=1-67891233-ABCDEF012345678912345678;Sampled=1", 'a" b;Root=', "Root"])
def test_a_malformed_header_gives_its_text_to_nobody(shop: Shop, header: str) -> None:
    answer = shop.front.get(header=header)
    assert answer.status == 200
    assert [trace_id for trace_id in shown_ids(answer) if trace_id is not None and not XRAY_ID.fullmatch(trace_id)] == []
    assert "xyz" not in answer.text + shop.front.lines()[-1]
    assert "ABCDEF" not in answer.text + shop.front.lines()[-1]


def test_health_checks_make_neither_trace_nor_line(shop: Shop) -> None:
    before = len(shop.front.lines())
    answer = shop.front.get("/healthz", header=f"Root={fresh_id(8)};Parent=53995c3f42cd8ad8;Sampled=1")
    assert (answer.status, answer.text) == (200, "ok\n")
    assert {"X-Trace-Id", "X-Amzn-Trace-Id"} & set(answer.headers) == set()
    shop.front.get()
    lines = until(lambda: shop.front.lines()[before:], "the line of the request behind it")
    assert [line for line in lines if "healthz" in line or fresh_id(8) in line] == []


def test_an_error_has_its_trace_id_too(shop: Shop, request: pytest.FixtureRequest) -> None:
    trace_id = fresh_id(9 + KINDS.index(request.node.callspec.params["shop"]))
    answer = shop.front.get("/nowhere", header=f"Root={trace_id};Parent=53995c3f42cd8ad8;Sampled=1")
    assert (answer.status, answer.headers["X-Trace-Id"]) == (404, trace_id)
    assert ' path="/nowhere" status=404 ' in line_of(shop.front, trace_id)


def test_the_front_tells_when_the_back_fails(xray_image: Image, taken: Daemon) -> None:
    """The failing service's segment holds the exception; the front answers 502 and counts as failed, too."""
    address = {"AWS_XRAY_DAEMON_ADDRESS": taken.address}
    failing = calm("back") | {"DEMO_FAILURE_RATE": "1"}
    with running(xray_image, "failing", **failing, **address) as back:
        front = calm("front") | {"DEMO_BACK_URL": f"http://127.0.0.1:{back.port}"}
        with running(xray_image, "telling", **front, **address) as service:
            trace_id = fresh_id(20)
            answer = service.get(header=f"Root={trace_id};Parent=53995c3f42cd8ad8;Sampled=1")
    assert (answer.status, answer.headers["X-Trace-Id"]) == (502, trace_id)
    assert answer.document == {"service": "demo-front", "trace_id": trace_id, "error": "the back service answered 500"}
    segments = both_segments(taken, trace_id)
    assert (segments["demo-front"]["fault"], segments["demo-back"]["fault"]) == (True, True)
    (work,) = segments["demo-back"]["subsegments"]
    (exception,) = work["cause"]["exceptions"]
    assert (exception["type"], exception["message"]) == ("OnPurposeError", "the back service fails on purpose")


SHOP = """
import json, os, sys
from contextlib import nullcontext
from demo_app.shop import Settings, create_app, root_of, sampled

class NoTracing:
    def instrument(self, app): pass
    def trace_id(self): return None
    def annotate(self, key, value): pass
    def step(self, name): return nullcontext()

def app(**variables):
    return create_app(Settings.of({"DEMO_ROLE": "back", "DEMO_MAX_DELAY_SECONDS": "0", **variables}), NoTracing()).test_client()

def statuses(count, **variables):
    client = app(**variables)
    return [client.get("/").status_code for _ in range(count)]

def refused(**variables):
    try:
        Settings.of(variables)
    except (KeyError, ValueError) as error:
        return f"{type(error).__name__}: {error}"

sys.stdout, printed = open(os.devnull, "w"), sys.stdout
"""


def test_the_share_of_failures_and_their_order_are_as_asked(xray_image: Image) -> None:
    program = """
same = [statuses(200, DEMO_FAILURE_RATE="0.3", DEMO_SEED="7") for _ in range(2)]
other = statuses(200, DEMO_FAILURE_RATE="0.3", DEMO_SEED="8")
print(json.dumps([same, other, statuses(50, DEMO_FAILURE_RATE="0"), statuses(50, DEMO_FAILURE_RATE="1")]), file=printed)
"""
    (first, second), other, never, always = xray_image.run(SHOP + program)
    assert first == second != other
    assert 40 <= first.count(500) <= 80
    assert first.count(200) + first.count(500) == 200
    assert (set(never), set(always)) == ({200}, {500})


def test_a_header_gives_an_id_only_when_it_is_exactly_one(xray_image: Image) -> None:
    trace_id, zeros = fresh_id(1), f"1-{'0' * 8}-{'0' * 24}"
    right = [f"Root={trace_id}", f"Self={SELF};Root={trace_id}", f"Root={trace_id}; Parent=1", f" Root={trace_id} "]
    wrong = [None, "", f"root={trace_id}", f"Root={trace_id}x", f"Root={trace_id[:-1]}", f"Roots={trace_id}", "Root=", "Root"]
    headers = [*right, *wrong, f"Root={zeros}"]
    found = xray_image.run(f"{SHOP}print(json.dumps([[root_of(h), sampled(root_of(h))] for h in {headers!r}]), file=printed)")
    assert found == [*[[trace_id, trace_id]] * len(right), *[[None, None]] * len(wrong), [zeros, None]]


def test_a_malformed_environment_keeps_the_process_from_starting(xray_image: Image) -> None:
    program = """
print(json.dumps([
    refused(), refused(DEMO_ROLE="side"), refused(DEMO_ROLE="front"), refused(DEMO_ROLE="back", DEMO_SEED="x"), refused(DEMO_ROLE="back"),
]), file=printed)
"""
    assert xray_image.run(SHOP + program) == [
        "KeyError: 'DEMO_ROLE'",
        "ValueError: DEMO_ROLE: got 'side' — expected front or back",
        "KeyError: 'DEMO_BACK_URL'",
        "ValueError: invalid literal for int() with base 10: 'x'",
        None,
    ]


def test_a_w3c_id_becomes_the_xray_form_of_the_same_digits(otel_image: Image) -> None:
    program = """
import json, os
os.environ["DEMO_ROLE"] = "back"
from demo_app.app_otel import xray_form
print(json.dumps([xray_form(0x67891233abcdef012345678912345678), xray_form(0x1)]))
"""
    assert otel_image.run(program) == ["1-67891233-abcdef012345678912345678", "1-00000000-000000000000000000000001"]


def test_a_missing_requirement_would_be_noticed(xray_image: Image, tmp_path: Path) -> None:
    """Nothing of this machine's own packages stands in for one."""
    bare = Image(xray_image.folder, {**xray_image.environment, "PYTHONPATH": str(tmp_path)})
    with pytest.raises(AssertionError, match="No module named 'requests'"):
        bare.run("import requests")
