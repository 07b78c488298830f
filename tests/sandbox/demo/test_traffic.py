"""Requests of the demo: what belongs together does, every reader of this program can read it, and incidents show where they should."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from xray_grafana.alb.access import AccessLine, parse_access
from xray_grafana.provisioning.correlations import W3C_ID_IN_LINE, XRAY_ID_IN_LINE
from xray_grafana.sandbox.demo.incidents import occurrence_of
from xray_grafana.sandbox.demo.passages import LONGEST_SECONDS
from xray_grafana.sandbox.demo.scene import SERVICES, Rate, Scene
from xray_grafana.sandbox.demo.traffic import Request, requests_between, requests_ended_between
from xray_grafana.sandbox.intake.documents import Document, check

ROOT = Path(__file__).parents[3]
SEED = 1
# 2026-09-21T14:00:00Z, a whole slot of 1200 s; four slots have every incident.
START = 1_491_666 * 1200
SPAN = 4 * 2400
QUIET = Scene(rate=Rate(mean=0.7))


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    return list(requests_between(SEED, START, START + SPAN, QUIET))


@pytest.fixture(scope="module")
def lines(requests: list[Request]) -> list[AccessLine]:
    return [parse_access(request.alb) for request in requests]


def during(name: str, scene: Scene = Scene()) -> list[Request]:  # noqa: B008 — a value
    """The requests of one incident."""
    found = next(each for slot in range(START // 1200, START // 1200 + 4) if (each := occurrence_of(SEED, slot)).incident.name == name)
    return list(requests_between(SEED, found.start, found.end, scene))


def subsegments_of(request: Request) -> Iterator[dict[str, Any]]:
    for document in request.documents:
        yield from document.get("subsegments", ())
        if document.get("type") == "subsegment":
            yield document


def segments_of(request: Request, service: str) -> list[dict[str, Any]]:
    return [document for document in request.documents if document["name"] == service and "origin" in document]


def test_requests_are_the_same_whatever_spans_they_are_asked_in() -> None:
    whole = list(requests_between(SEED, START + 10, START + 70))
    edges = [START + 10, START + 10.25, START + 11, START + 37.123456, START + 37.9, START + 70]
    pieces = [request for start, end in pairwise(edges) for request in requests_between(SEED, start, end)]
    assert pieces == whole
    assert [(each.documents, each.alb, each.logs) for each in pieces] == [(each.documents, each.alb, each.logs) for each in whole]
    assert len(whole) > 100


def test_requests_are_the_same_in_another_process_with_another_hash_seed() -> None:
    code = (
        "import hashlib; from xray_grafana.sandbox.demo.traffic import requests_between;"
        f"made = [(each.documents, each.alb, each.logs) for each in requests_between({SEED}, {START}, {START + 20})];"
        "print(hashlib.sha256(repr(made).encode()).hexdigest())"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    printed = {
        subprocess.run([sys.executable, "-c", code], env=environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("0", "1")
    }
    assert len(printed) == 1


def test_another_seed_is_another_traffic() -> None:
    first, second = ({request.trace_id for request in requests_between(seed, START, START + 60)} for seed in (SEED, SEED + 1))
    assert not first & second


def test_requests_come_in_order_of_start_and_those_that_ended_in_order_of_end() -> None:
    starts = [request.start for request in requests_between(SEED, START, START + 60)]
    ends = [request.end for request in requests_ended_between(SEED, START, START + 60)]
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert all(START <= end < START + 60 for end in ends)


def test_what_ended_in_spans_side_by_side_is_all_there_was_once_each() -> None:
    begun = {request.trace_id for request in requests_between(SEED, START, START + 300)}
    ended = [
        request.trace_id
        for start in range(START, START + 300 + LONGEST_SECONDS, 7)
        for request in requests_ended_between(SEED, start, start + 7)
    ]
    assert len(ended) == len(set(ended))
    assert begun <= set(ended)


def test_no_request_takes_longer_than_is_looked_back_for() -> None:
    slow = during("slow table") + during("failing provider")
    assert max(request.end - request.start for request in slow) < LONGEST_SECONDS


def test_the_rate_swings_around_its_mean_over_the_day_and_never_exceeds_what_its_parts_make() -> None:
    rate = Rate(mean=4.0, swing=0.5, noise=0.0)
    day = 20_000 * 86_400
    # The sine is 0 at 10:00, 1 at 16:00, 0 at 22:00 and -1 at 04:00.
    assert [round(rate.at(SEED, day + hour * 3600), 6) for hour in (10, 16, 22, 4)] == [4.0, 6.0, 4.0, 2.0]
    usual = Rate()
    # 3.5 × 1.4 × 1.15 = 5.635 at most and 3.5 × 0.6 × 0.85 = 1.785 at least.
    rates = [usual.at(SEED, day + second) for second in range(0, 86_400, 30)]
    assert 1.785 <= min(rates) < 2.2
    assert 5.2 < max(rates) <= 5.635


def test_a_busy_hour_has_fewer_than_twenty_thousand_requests() -> None:
    # The mean over the hour around the peak is below 3.5 × 1.4 × 3600 = 17 640; the noise of its minutes evens out.
    expected = sum(Rate().at(SEED, START + 7200 + second) for second in range(3600))
    assert 16_000 < expected < 18_500


def test_every_document_is_one_that_the_sandbox_takes(requests: list[Request]) -> None:
    checked = [check(json.dumps(document)) for request in requests for document in request.documents]
    assert [each for each in checked if not isinstance(each, Document)] == []
    assert len(checked) > 10_000


def test_only_sampled_requests_have_a_trace_and_it_has_the_lines_id(requests: list[Request], lines: list[AccessLine]) -> None:
    for request, line in zip(requests, lines, strict=True):
        assert bool(request.documents) is request.sampled
        assert {document["trace_id"] for document in request.documents} <= {request.trace_id}
        assert line.trace.root is not None
        assert line.trace.root.xray == request.trace_id


def test_ids_are_unique_and_begin_with_the_second_of_the_request(requests: list[Request]) -> None:
    ids = [request.trace_id for request in requests]
    assert len(set(ids)) == len(ids)
    assert all(int(request.trace_id[2:10], 16) == int(request.start) for request in requests)
    spans = [
        document["id"] for request in requests for document in (*request.documents, *subsegments_of(request)) if "type" not in document
    ]
    assert len(set(spans)) == len(spans)


def test_every_parent_is_there_but_for_the_few_traces_that_lost_their_root(requests: list[Request]) -> None:
    partial = 0
    for request in requests:
        known = {document["id"] for document in (*request.documents, *subsegments_of(request))}
        parents = [document["parent_id"] for document in request.documents if "parent_id" in document]
        is_partial = any(parent not in known for parent in parents)
        partial += is_partial
        assert sum("parent_id" not in document for document in request.documents) == (1 if request.sampled and not is_partial else 0)
    # 3 in a thousand lose the segment of their root.
    assert 0 < partial < len(requests) * 0.01


def test_children_lie_within_their_parents_in_time(requests: list[Request]) -> None:
    for request in requests:
        spans = {each["id"]: each for each in (*request.documents, *subsegments_of(request))}
        for segment in request.documents:
            inner = segment.get("subsegments", [])
            assert all(segment["start_time"] <= each["start_time"] <= each["end_time"] <= segment["end_time"] for each in inner)
            parent = spans.get(segment.get("parent_id", ""))
            if parent is not None:
                assert parent["start_time"] <= segment["start_time"] <= segment["end_time"] <= parent["end_time"]


def test_every_segment_says_what_it_runs_on_and_what_traces_it(requests: list[Request]) -> None:
    origins = {service.name: service.origin for service in SERVICES}
    for request in requests:
        for document in request.documents:
            if document.get("type") != "subsegment":
                assert document["origin"] == origins[document["name"]]
                assert document["aws"]["xray"]["sdk"]
                assert document["http"]["response"]["status"] >= 200


def test_the_shop_uses_all_that_it_is_said_to_use(requests: list[Request]) -> None:
    names = Counter(each["name"] for request in requests for each in subsegments_of(request))
    assert set(names) == {
        "inventory",
        "cart",
        "checkout",
        "payments.shop.svc.cluster.local",
        "DynamoDB",
        "SQS",
        "api.payments.example.com",
        "catalog@db.shop.internal",
        "ledger@db.shop.internal",
    }
    tables = {each["aws"]["table_name"] for request in requests for each in subsegments_of(request) if each["name"] == "DynamoDB"}
    assert tables == {"inventory", "carts", "orders"}
    assert {name for service in SERVICES for name in [service.name] if any(segments_of(request, name) for request in requests)} == {
        "storefront",
        "cart",
        "checkout",
        "payments",
        "inventory",
    }


def test_every_access_line_is_read_whole_and_agrees_with_the_trace(requests: list[Request], lines: list[AccessLine]) -> None:
    for request, line in zip(requests, lines, strict=True):
        assert line.odd == ()
        assert line.alb_node_ip in {"10.0.3.7", "10.0.4.7"}
        assert line.creation_ns == round(request.start * 10**6) * 1000
        assert line.time_ns == round(request.end * 10**6) * 1000
        for root in segments_of(request, "storefront"):
            assert root["http"]["response"]["status"] == line.elb_status_code == line.target_status_code
            assert root["http"]["request"]["method"] == line.method
            assert line.url is not None
            assert line.url.replace(":443", "") == root["http"]["request"]["url"]


def test_what_the_load_balancer_answers_by_itself_has_no_target_and_no_trace(requests: list[Request], lines: list[AccessLine]) -> None:
    own = [(request, line) for request, line in zip(requests, lines, strict=True) if line.target_ip is None]
    assert {line.elb_status_code for _, line in own} == {460, 502, 503}
    for request, line in own:
        assert (line.target_status_code, line.target_processing_seconds, request.sampled, request.logs) == (None, None, False, ())


def test_headers_that_came_with_a_request_have_the_load_balancers_hop_and_decide_about_sampling(
    requests: list[Request], lines: list[AccessLine]
) -> None:
    pairs = [(request, line.trace) for request, line in zip(requests, lines, strict=True) if line.trace.self_id is not None]
    assert {trace.sampled for _, trace in pairs} == {True, False, None}
    reached = [(request, trace) for request, trace in pairs if request.logs]
    assert all(request.sampled is trace.sampled for request, trace in reached if trace.sampled is not None)
    assert any(("CalledFrom", "app") in trace.fields for _, trace in pairs)
    open_ones = [request for request, line in zip(requests, lines, strict=True) if line.trace.sampled is None and request.logs]
    unsampled = sum(not request.sampled for request in open_ones)
    # 6 in a hundred; of some 8000 the standard deviation is a quarter of a hundredth.
    assert 0.045 < unsampled / len(open_ones) < 0.075


def test_every_log_line_of_a_trace_leads_to_it_by_the_derived_fields_and_no_other_line_does(requests: list[Request]) -> None:
    xray, w3c = re.compile(XRAY_ID_IN_LINE), re.compile(W3C_ID_IN_LINE)
    forms: Counter[str] = Counter()
    for request in requests:
        for line in request.logs:
            by_xray, by_w3c = xray.search(line.text), w3c.search(line.text)
            found = [match[1] for match in (by_xray, by_w3c) if match]
            if not request.sampled:
                assert found == []
                continue
            assert found == [request.trace_id if by_xray else request.trace_id[2:].replace("-", "")]
            forms[f"{line.service} {'xray' if by_xray else 'w3c'} {'json' if line.text.startswith('{') else 'logfmt'}"] += 1
    assert set(forms) == {
        "storefront xray json",
        "cart w3c json",
        "checkout xray logfmt",
        "payments w3c logfmt",
        "inventory w3c json",
    }


def test_log_lines_are_stamped_with_their_time_and_coloured_by_their_level(requests: list[Request]) -> None:
    for request in requests[:500]:
        assert [line.time_ns for line in request.logs] == sorted(line.time_ns for line in request.logs)
        for line in request.logs:
            assert request.start * 10**9 <= line.time_ns <= request.end * 10**9
            if line.text.startswith("{"):
                fields = json.loads(line.text)
                assert fields["level"] == line.level
                said = datetime.strptime(fields["time"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
                assert 0 <= line.time_ns / 10**9 - said.timestamp() < 0.0011
            else:
                assert f" level={line.level} " in line.text


def test_a_slow_table_makes_its_callers_slow() -> None:
    def seconds(requests: list[Request]) -> list[float]:
        calls = [each for request in requests for each in subsegments_of(request) if each.get("aws", {}).get("table_name") == "inventory"]
        return sorted(each["end_time"] - each["start_time"] for each in calls)

    usual, slow = seconds(during("bad deploy")), seconds(during("slow table"))
    # Medians of 0.006 s and 80 × 0.006 = 0.48 s.
    assert 0.005 < usual[len(usual) // 2] < 0.007
    assert 0.42 < slow[len(slow) // 2] < 0.54


def test_a_failing_provider_fails_orders_through_payments_and_checkout_with_exceptions() -> None:
    requests = during("failing provider", Scene(rate=Rate(mean=6)))
    failed = [request for request in requests for segment in segments_of(request, "payments") if segment.get("fault")]
    assert len(failed) > 20
    for request in failed:
        [payment] = segments_of(request, "payments")
        [outside] = [each for each in subsegments_of(request) if each["name"] == "api.payments.example.com"]
        assert outside["fault"]
        assert outside["http"]["response"]["status"] in {503, 504}
        assert payment["cause"]["exceptions"][0]["message"] == outside["cause"]["exceptions"][0]["message"]
        assert parse_access(request.alb).elb_status_code == 502
        assert all(root["fault"] for root in segments_of(request, "storefront"))
        for checkout in segments_of(request, "checkout"):
            assert checkout["cause"]["exceptions"][0]["type"] == "PaymentFailed"
        assert {line.service for line in request.logs if line.level == "error"} == {"payments", "checkout", "storefront"}
    paid = sum(len(segments_of(request, "payments")) for request in requests)
    assert 0.4 < len(failed) / paid < 0.8


def test_a_missing_item_and_a_wrong_password_are_errors_that_somebody_raised(requests: list[Request]) -> None:
    raised = {
        (segment["name"], segment["http"]["response"]["status"], segment["cause"]["exceptions"][0]["type"])
        for request in requests
        for segment in request.documents
        if segment.get("error") and "throttle" not in segment and "cause" in segment
    }
    assert raised == {("inventory", 404, "ItemNotFound"), ("storefront", 401, "LoginRefused")}
    refused = [request for request in requests if parse_access(request.alb).elb_status_code == 404]
    # 30 in a hundred requests are for one of 200 items, of which 2 are not there: 3 in a thousand.
    assert 0.001 < len(refused) / len(requests) < 0.006
    assert all("warn" in {line.level for line in request.logs if line.service == "inventory"} for request in refused)


def test_throttling_reaches_the_customer_as_429_and_no_fault() -> None:
    requests = during("throttling", Scene(rate=Rate(mean=6)))
    throttled = [
        request for request in requests if any(each["name"] == "DynamoDB" and each.get("throttle") for each in subsegments_of(request))
    ]
    assert len(throttled) > 100
    for request in throttled:
        [table] = [each for each in subsegments_of(request) if each["name"] == "DynamoDB" and each.get("throttle")]
        assert (table["http"]["response"]["status"], table["error"], table["aws"]["table_name"]) == (400, True, "carts")
        assert table["cause"]["exceptions"][0]["type"] == "ProvisionedThroughputExceededException"
        assert parse_access(request.alb).elb_status_code == 429
        assert all((root["throttle"], root["error"], "fault" in root) == (True, True, False) for root in segments_of(request, "storefront"))


def test_a_bad_deploy_is_another_version_of_checkout_that_raises() -> None:
    requests = during("bad deploy", Scene(rate=Rate(mean=6)))
    orders = [segment for request in requests for segment in segments_of(request, "checkout")]
    assert {order["annotations"]["version"] for order in orders} == {"2.8.0"}
    raised = [order for order in orders if order.get("cause", {}).get("exceptions", [{}])[0].get("type") == "TypeError"]
    assert len(raised) > 20
    assert all(order["fault"] and order["http"]["response"]["status"] == 500 for order in raised)
    before = [segment for request in during("throttling") for segment in segments_of(request, "checkout")]
    assert {order["annotations"]["version"] for order in before} == {"2.7.3"}


def test_account_and_region_of_the_scene_are_everywhere() -> None:
    scene = Scene(account="111122223333", region="eu-west-1")
    requests = list(requests_between(SEED, START, START + 120, scene))
    text = json.dumps([request.documents for request in requests]) + "".join(request.alb.decode() for request in requests)
    assert "us-east-1" not in text
    assert "000000000000" not in text
    assert "https://sqs.eu-west-1.amazonaws.com/111122223333/orders" in text
    assert "targetgroup/storefront" in text
