"""From the demo to the report: log objects in S3, a message in SQS, the worker, lines in Loki, and their traces in the sandbox."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.alb.aws import ACCOUNT, ENVIRON, REGION, arn_of, aws_server
from tests.alb.loki_queries import Questions
from tests.cli.conftest import Ran, run
from tests.push.loki_fake import NO_LIMITS, LokiFake
from xray_grafana.alb.access import parse_access
from xray_grafana.cli.main import main
from xray_grafana.provisioning.correlations import W3C_ID_IN_LINE, XRAY_ID_IN_LINE
from xray_grafana.push.client import PushClient
from xray_grafana.push.settings import settings_from
from xray_grafana.sandbox.demo.driver import Demo, DemoSettings, known_in
from xray_grafana.sandbox.demo.log_push import LogPush
from xray_grafana.sandbox.demo.scene import Rate, Scene
from xray_grafana.sandbox.demo.sinks import open_sink
from xray_grafana.sandbox.demo.traffic import Request, requests_ended_between
from xray_grafana.sandbox.server import Sandbox, Settings
from xray_grafana.xray.trace_id import parse_trace_id

__all__ = ["aws_server", "run"]  # fixtures

pytestmark = pytest.mark.enable_socket

SEED = 3
# Some 600 requests in ten minutes, at whatever time of the day the test runs.
SCENE = Scene(ACCOUNT, REGION, Rate(mean=1.0, swing=0.0, noise=0.0))
HISTORY_SECONDS = 600
BUCKET = "shop-logs"
ACCESS = {"log_type": "access"}
_ONCE = Config(retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class World:
    """The demo has played ten minutes that ended five minutes ago or earlier, at `end`, and the worker has been."""

    end: int
    requests: list[Request]
    loki: LokiFake
    xray_url: str
    xray: Any
    worked: str

    @property
    def sampled(self) -> set[str]:
        return {request.trace_id for request in self.requests if request.sampled}

    @property
    def whole(self) -> set[str]:
        """Those whose root's segment was not lost."""
        return {request.trace_id for request in self.requests for document in request.documents if "user" in document}


@pytest.fixture(scope="module")
def world(aws_server: str) -> Iterator[World]:
    # Lines younger than five minutes would be told apart as too young.
    end = int(time.time()) // 300 * 300 - 300
    settings = Settings(None, ("127.0.0.1", 0), ("127.0.0.1", 0), region=REGION, account=ACCOUNT)
    with pytest.MonkeyPatch.context() as patch, LokiFake(NO_LIMITS) as loki, Sandbox(settings) as sandbox:
        for name, value in ENVIRON.items():
            patch.setenv(name, value)
        Questions(loki)
        queue_url = _bucket_that_tells_a_queue(aws_server)
        with pytest.MonkeyPatch.context() as endpoint:
            endpoint.setenv("AWS_ENDPOINT_URL", aws_server)
            sink = open_sink(f"s3://{BUCKET}/demo", REGION)
        with PushClient(settings_from(loki.url, {})) as client, LogPush(client) as logs:
            played = DemoSettings(SEED, HISTORY_SECONDS, SCENE)
            demo = Demo(played, sandbox.ingest, known=known_in(sandbox.store), sink=sink, logs=logs, clock=lambda: float(end))
            demo.back_fill(threading.Event())
        assert (demo.status().problem, demo.status().dropped, sandbox.ingest.counts().rejected) == (None, 0, 0)
        told = StringIO()
        with redirect_stdout(told):
            assert main(["alb", "work", "--queue", queue_url, "--loki", loki.url, "--endpoint-url", aws_server, "--drain"]) == 0
        host, port = sandbox.http_address
        url = f"http://{host}:{port}"
        xray = boto3.session.Session().client("xray", endpoint_url=url, region_name=REGION, config=_ONCE)
        requests = list(requests_ended_between(SEED, end - HISTORY_SECONDS, end, SCENE))
        yield World(end, requests, loki, url, xray, told.getvalue())
        xray.close()


def _bucket_that_tells_a_queue(endpoint_url: str) -> str:
    """Makes both. Returns the queue's URL."""
    session = boto3.session.Session()
    with (
        closing(session.client("s3", endpoint_url=endpoint_url, config=_ONCE)) as s3,
        closing(session.client("sqs", endpoint_url=endpoint_url, config=_ONCE)) as sqs,
    ):
        dead = {"deadLetterTargetArn": arn_of("dead"), "maxReceiveCount": 3}
        sqs.create_queue(QueueName="dead")
        queue_url: str = sqs.create_queue(QueueName="logs", Attributes={"RedrivePolicy": json.dumps(dead)})["QueueUrl"]
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        told = {"QueueConfigurations": [{"QueueArn": arn_of("logs"), "Events": ["s3:ObjectCreated:*"]}]}
        s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=told)
    return queue_url


def documents_of(world: World, trace_id: str) -> list[dict[str, Any]]:
    [trace] = world.xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    return [json.loads(segment["Document"]) for segment in trace["Segments"]]


def test_every_access_line_arrives_once_and_leads_to_its_trace(world: World) -> None:
    entries = world.loki.entries(ACCESS)
    assert sorted(entry.line for entry in entries) == sorted(request.alb for request in world.requests)
    # Two windows of five minutes, and two nodes.
    assert world.worked.count("result=shipped") == 4
    found = 0
    for entry in entries:
        line = parse_access(entry.line)
        trace_id = dict(entry.metadata)["trace_id"]
        if trace_id not in world.whole or found > 20:
            continue
        found += 1
        [root] = [document for document in documents_of(world, trace_id) if "user" in document]
        assert (root["name"], root["http"]["response"]["status"]) == ("storefront", line.elb_status_code)
        assert line.creation_ns / 10**9 <= root["start_time"] <= root["end_time"] <= line.time_ns / 10**9
    assert found > 20


def test_log_lines_of_every_service_lead_to_traces_in_which_it_takes_part(world: World) -> None:
    for service in ("storefront", "cart", "checkout", "payments", "inventory"):
        lines = [entry.line.decode() for entry in world.loki.entries({"service_name": service})]
        found = (match[1] for line in lines for pattern in (XRAY_ID_IN_LINE, W3C_ID_IN_LINE) if (match := re.search(pattern, line)))
        ids = {identity.xray for text in found if (identity := parse_trace_id(text))}
        assert ids <= world.sampled
        whole = sorted(ids & world.whole)
        for trace_id in whole[:5]:
            assert service in {document["name"] for document in documents_of(world, trace_id)}
        assert whole


def test_the_report_gives_the_share_that_the_demos_own_numbers_give(world: World, run: Callable[..., Ran]) -> None:
    missing = {"not_sampled": 0, "load_balancer": 0, "no_segment": 0}
    for request in world.requests:
        if b"Sampled=0" in request.alb:
            missing["not_sampled"] += 1
        elif b" - -1 -1 -1 " in request.alb:
            missing["load_balancer"] += 1
        elif not request.sampled:
            missing["no_segment"] += 1
    checked, found = len(world.requests), len(world.sampled)
    assert found < checked
    assert found + sum(missing.values()) == checked
    ran = run("alb", "report", "--loki", world.loki.url, "--endpoint-url", world.xray_url, "--from", "1h", "--sample", "5000", "--json")
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    [row] = report["load_balancers"]
    assert row["lb"] == "app/shop/50dc6c495c0c9188"
    assert (row["checked"], row["found"], row["unprocessed"]) == (checked, found, 0)
    assert row["share"] == found / checked
    assert {name: count for name, count in row["missing"].items() if count} == {name: count for name, count in missing.items() if count}


def test_what_x_ray_lists_and_counts_is_every_sampled_request(world: World) -> None:
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (world.end - HISTORY_SECONDS - 60, world.end + 60))
    pages = world.xray.get_paginator("get_trace_summaries").paginate(StartTime=start, EndTime=end)
    listed = {summary["Id"]: summary for page in pages for summary in page["TraceSummaries"]}
    assert set(listed) == world.sampled
    for request in world.requests:
        if request.trace_id in world.whole:
            status = request.documents[0]["http"]["response"]["status"]
            summary = listed[request.trace_id]
            flags = (summary["HasFault"], summary["HasError"], summary["HasThrottle"])
            assert flags == (status >= 500, 400 <= status < 500 and status != 429, status == 429)
    assert {trace_id for trace_id, summary in listed.items() if summary["IsPartial"]} == world.sampled - world.whole
    statistics = world.xray.get_time_series_service_statistics(StartTime=start, EndTime=end, Period=60)["TimeSeriesServiceStatistics"]
    counted = [row["EdgeSummaryStatistics"]["TotalCount"] for row in statistics if "EdgeSummaryStatistics" in row]
    assert sum(counted) == len(world.whole)
