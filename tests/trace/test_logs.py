from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.alb.lines import Fields
from tests.alb.loki_queries import QUERY_PATH
from tests.push.loki_fake import NO_LIMITS, LokiFake
from tests.trace.loki_lines import LokiLines, Stored
from tests.trace.traces import ID, NS, START, checkout, made, segment
from xray_grafana.errors import LokiError
from xray_grafana.push.client import PushClient
from xray_grafana.push.settings import PushSettings
from xray_grafana.trace.lines import LINES_MAX, Lines
from xray_grafana.trace.logs import Selectors, lines_of, window_of

pytestmark = pytest.mark.enable_socket

TRACE = made(*checkout())
ALB = {"log_type": "access", "service_name": "storefront"}


def access(client: str = "203.0.113.9:1", root: str = ID.xray, url: str = "https://shop.example:443/", late: int = 0) -> Stored:
    fields = Fields(client=client, trace=f"Root={root}", request=f"GET {url} HTTP/2.0")
    fields.request_creation_time = f"2026-09-20T10:00:0{late}.000000Z"
    return Stored((START + late) * NS, fields.line().decode(), ALB, {"trace_id": root})


def line(offset: float, text: str, service: str = "payments", **metadata: str) -> Stored:
    return Stored(START * NS + round(offset * NS), text, {"service_name": service}, metadata)


@pytest.fixture
def loki() -> Iterator[LokiFake]:
    with LokiFake(NO_LIMITS) as fake:
        yield fake


def asked(loki: LokiFake, selectors: Selectors | None = None) -> Lines:
    with PushClient(PushSettings(loki.url)) as client:
        return lines_of(client, selectors or Selectors(), TRACE)


def test_lines_of_the_load_balancer_and_of_services_are_found_by_both_forms_of_the_id(loki: LokiFake) -> None:
    LokiLines(
        loki,
        access(),
        line(0.7, f"paid trace_id={ID.otel}"),
        line(0.6, f"asked {ID.xray}"),
        line(0.8, "no id in it", trace_id=ID.otel, span_id=f"{4:016x}"),
        line(0.9, f"in both {ID.xray}", trace_id=ID.xray),
        line(0.5, "of another trace", trace_id="0" * 32),
        line(-301, f"too early {ID.xray}"),
        line(302, f"too late {ID.xray}"),
    )
    found = asked(loki)
    assert [each.access.client_ip for each in found.alb] == ["203.0.113.9"]
    assert [(each.text.split()[0], each.service, each.span_id) for each in found.logs] == [
        ("asked", "payments", None),
        ("paid", "payments", None),
        ("no", "payments", f"{4:016x}"),
        ("in", "payments", None),
    ]
    assert not found.is_cut


def test_hops_come_in_the_order_of_their_requests_and_each_line_once(loki: LokiFake) -> None:
    LokiLines(loki, access("10.0.0.2:1", late=1), access("10.0.0.1:1"), access("10.0.0.1:1"))
    assert [each.access.client_ip for each in asked(loki).alb] == ["10.0.0.1", "10.0.0.2"]


def test_an_id_in_the_url_of_another_request_fools_nobody(loki: LokiFake) -> None:
    other = "1-6aafaea0-ffffffffffffffffffffffff"
    foreign = access(root=other, url=f"https://shop.example:443/{ID.xray}")
    mislabelled = foreign._replace(metadata={"trace_id": ID.xray})
    unlabelled = foreign._replace(labels={"service_name": "nginx"})
    LokiLines(loki, foreign, mislabelled, unlabelled, Stored(START * NS, f"not a line {ID.xray}", ALB, {"trace_id": ID.xray}))
    assert asked(loki) == Lines((), ())


def test_selectors_and_forms_are_those_of_the_config(loki: LokiFake) -> None:
    questions = LokiLines(loki)
    asked(loki, Selectors('{job="alb"}', '{namespace="shop"}', ("w3c",)))
    asked(loki)
    both = f"{ID.xray}|{ID.otel}"
    assert [each["query"] for each in questions.queries] == [
        f'{{job="alb"}} |= `{ID.xray}` | trace_id=`{ID.xray}`',
        f'{{namespace="shop"}} |~ `{ID.otel}`',
        f'{{namespace="shop"}} | trace_id=~`{ID.otel}`',
        f'{{log_type="access"}} |= `{ID.xray}` | trace_id=`{ID.xray}`',
        f'{{service_name=~".+"}} |~ `{both}`',
        f'{{service_name=~".+"}} | trace_id=~`{both}`',
    ]
    # The trace takes a second; five minutes on both sides.
    assert {(each["start"], each["end"]) for each in questions.queries} == {(str((START - 300) * NS), str((START + 301) * NS))}


def test_a_chatty_trace_is_cut_and_said_to_be(loki: LokiFake) -> None:
    LokiLines(loki, *(line(number / 1000, f"{number} {ID.xray}") for number in range(LINES_MAX + 1)))
    found = asked(loki)
    assert (len(found.logs), found.is_cut) == (LINES_MAX, True)
    assert found.logs[-1].text == f"{LINES_MAX - 1} {ID.xray}"


def test_times_that_loki_cannot_count_are_cut_to_those_it_can() -> None:
    far = made(segment(1, "shop", 9e10, 9e10))
    assert window_of(far) == (9_223_372_036 * NS, 9_223_372_036 * NS)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "error"},
        {"status": "success", "data": {"resultType": "vector"}},
        {"status": "success", "data": {"result": [{"stream": {}}]}},
        {"status": "success", "data": {"result": [{"stream": {"a": 1}, "values": []}]}},
        {"status": "success", "data": {"result": [{"stream": {}, "values": [[1, "x"]]}]}},
        {"status": "success", "data": {"result": [{"stream": {}, "values": [["soon", "x"]]}]}},
        [],
    ],
)
def test_an_answer_that_is_not_lokis_is_refused(loki: LokiFake, answer: Any) -> None:
    loki.on_get(QUERY_PATH, lambda _: answer)
    with pytest.raises(LokiError, match="is not that of Loki: got ") as caught:
        asked(loki)
    assert caught.value.where == loki.url
