"""Reading a sandbox that holds a million segments: each call's p50 and p95 through boto3, and how soon it answers after it is started.

The store is filled in this process through the same ingest and derivation, six hours of traces of four segments; then the installed command
is started on it. moto's server is asked the calls that it answers, with as many segments as it takes in a moment.
`--segments N` fills in another number, `--keep` takes the store of the last run.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import botocore.config

from bench.sandbox_ingest import moto
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.groups import create_group
from xray_grafana.sandbox.derivation.derive import Derivation
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.sampling.sampling import Sampling
from xray_grafana.sandbox.store.store import Store

SEGMENTS = 1_000_000
A_TRACE = 4
A_BATCH = 250
HOURS = 6
CALLS = 50
STARTS = 5
MOTO_TRACES = 500
ALLOWED_MS = 300
REGION, ACCOUNT = "us-east-1", "000000000000"
FAULTS = 0.02

SHOP = (
    '{"trace_id":"%(trace)s","id":"%(a)016x","name":"storefront","origin":"AWS::ECS::Container","start_time":%(start).3f,"end_time":%(end).3f,'
    '"http":{"request":{"method":"GET","url":"https://shop.example.com/orders/%(number)d","client_ip":"10.0.0.1"},'
    '"response":{"status":%(status)d}},%(flag)s"annotations":{"tenant":"t%(tenant)d"},"user":"u%(user)d","subsegments":['
    '{"id":"%(b)016x","name":"checkout","namespace":"remote","start_time":%(start).3f,"end_time":%(end).3f,%(flag)s'
    '"http":{"response":{"status":%(status)d}}}]}'
)
CHECKOUT = (
    '{"trace_id":"%(trace)s","id":"%(c)016x","parent_id":"%(b)016x","name":"checkout","origin":"AWS::ECS::Container","start_time":%(start).3f,'
    '"end_time":%(end).3f,%(flag)s"http":{"request":{"method":"POST","url":"http://checkout/checkout"},"response":{"status":%(status)d}},'
    '"subsegments":[{"id":"%(d)016x","name":"payments","namespace":"remote","start_time":%(start).3f,"end_time":%(end).3f,%(flag)s'
    '"http":{"response":{"status":%(status)d}}},{"id":"%(e)016x","name":"inventory","namespace":"remote","start_time":%(start).3f,'
    '"end_time":%(end).3f}]}'
)
PAYMENTS = (
    '{"trace_id":"%(trace)s","id":"%(f)016x","parent_id":"%(d)016x","name":"payments","origin":"AWS::Lambda::Function","start_time":%(start).3f,'
    '"end_time":%(end).3f,%(flag)s%(cause)s"subsegments":[{"id":"%(g)016x","name":"pay.example.com","namespace":"remote",'
    '"start_time":%(start).3f,"end_time":%(end).3f,%(flag)s"http":{"response":{"status":%(status)d}}}]}'
)
INVENTORY = (
    '{"trace_id":"%(trace)s","id":"%(h)016x","parent_id":"%(e)016x","name":"inventory","origin":"AWS::EC2::Instance","start_time":%(start).3f,'
    '"end_time":%(end).3f,"subsegments":[{"id":"%(i)016x","name":"DynamoDB","namespace":"aws","start_time":%(start).3f,"end_time":%(end).3f,'
    '"aws":{"operation":"Query","table_name":"stock"}}]}'
)
CAUSE = '"cause":{"exceptions":[{"id":"%016x","type":"TimeoutError","message":"no answer from pay.example.com"}]},'


class Row(NamedTuple):
    """A call of the X-Ray client or the Application Signals client."""

    name: str
    call: Callable[[Any, Any], Any]
    by_moto: bool = False


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # traffic, not keys


def documents(number: int, at: float, randomness: random.Random) -> tuple[str, list[str]]:
    """A trace's id and segments."""
    fails = randomness.random() < FAULTS
    seconds = randomness.lognormvariate(-1.5, 0.8)
    ids = {letter: randomness.getrandbits(63) for letter in "abcdefghi"}
    trace = f"1-{int(at):08x}-{randomness.getrandbits(96):024x}"
    values = {
        **ids,
        "trace": trace,
        "number": number,
        "start": at,
        "end": at + seconds,
        "status": 500 if fails else 200,
        "flag": '"fault":true,' if fails else "",
        "cause": CAUSE % randomness.getrandbits(63) if fails else "",
        "tenant": number % 100,
        "user": number % 1000,
    }
    return trace, [text % values for text in (SHOP, CHECKOUT, PAYMENTS, INVENTORY)]


def fill(path: Path, segments: int) -> None:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    randomness = seeded(1)
    traces = segments // A_TRACE
    end = time.time() // 60 * 60
    begin = time.perf_counter()
    with closing(Store.open(path)) as store, closing(Ingest(store)) as ingest, closing(Derivation(store)) as derivation:
        sampling = Sampling(store, region=REGION, account=ACCOUNT, now=time.time)
        context = Context(store, ingest, sampling, REGION, ACCOUNT, time.time)
        failing = {"FilterExpression": "fault = true", "InsightsConfiguration": {"InsightsEnabled": True}}
        create_group(context, {"GroupName": "failing", **failing})
        for first in range(0, traces, A_BATCH):
            at = end - HOURS * 3600 * (1 - first / traces)
            texts = [text for number in range(first, min(first + A_BATCH, traces)) for text in documents(number, at, randomness)[1]]
            rejected = ingest.put(texts, received=at + 2)
            assert not rejected, rejected[0]
            derivation.settle(60)
    seconds = time.perf_counter() - begin
    print(f"filled with {traces * A_TRACE:,} segments in {seconds:.0f} s, {path.stat().st_size / 1e9:.2f} GB", flush=True)


def client(service: str, port: int) -> Any:
    config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=120)
    keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
    return boto3.client(service, endpoint_url=f"http://127.0.0.1:{port}", region_name=REGION, config=config, **keys)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(path: Path) -> Iterator[tuple[int, float]]:
    """The port, and the seconds from the start of the process to the first answer."""
    port = free_port()
    program = Path(sys.executable).with_name("xray-grafana")
    command: list[str | Path] = [program, "sandbox", "--no-demo", "--json", "--data", path]
    begin = time.perf_counter()
    with subprocess.Popen([*command, "--http", f"127.0.0.1:{port}", "--udp", "127.0.0.1:0"], stdout=subprocess.DEVNULL) as process:
        while not answers(port):
            assert process.poll() is None, "the sandbox has ended"
        try:
            yield port, time.perf_counter() - begin
        finally:
            process.terminate()


def answers(port: int) -> bool:
    """Whether GetGroups answers, asked without an SDK, whose own start would count."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/Groups", b"{}")
        return connection.getresponse().status == HTTPStatus.OK
    except ConnectionRefusedError:
        time.sleep(0.002)
        return False
    finally:
        connection.close()


def rows(ids: list[str], end: float) -> list[Row]:
    window = {"StartTime": end - HOURS * 3600, "EndTime": end}
    recent = {"StartTime": end - 900, "EndTime": end}
    picked = seeded(2)
    keys = {"Type": "Service", "Name": "checkout", "Environment": "ecs:default"}

    def some(count: int) -> list[str]:
        return picked.sample(ids, count)

    def found(title: str, span: dict[str, float], expression: str, *, by_moto: bool = False) -> Row:
        return Row(title, lambda xray, _: xray.get_trace_summaries(**span, FilterExpression=expression), by_moto=by_moto)

    def counted(title: str, **members: object) -> Row:
        return Row(title, lambda xray, _: xray.get_time_series_service_statistics(**window, **members))

    return [
        Row("GetGroups", lambda xray, _: xray.get_groups()),
        Row("GetTraceSummaries 15 min", lambda xray, _: xray.get_trace_summaries(**recent), by_moto=True),
        Row("GetTraceSummaries 6 h", lambda xray, _: xray.get_trace_summaries(**window), by_moto=True),
        found("GetTraceSummaries 6 h, fault", window, "fault"),
        found("GetTraceSummaries 6 h, duration > 2", window, "duration > 2"),
        found('GetTraceSummaries 6 h, service("payments") { fault }', window, 'service("payments") { fault }'),
        found('GetTraceSummaries 6 h, annotation.tenant = "t7"', window, 'annotation.tenant = "t7"'),
        found('GetTraceSummaries 6 h, user = "nobody"', window, 'user = "nobody"'),
        found("GetTraceSummaries 15 min, root cause", recent, 'rootcause.fault.exception { message CONTAINS "no answer" }'),
        Row("BatchGetTraces, 5 ids", lambda xray, _: xray.batch_get_traces(TraceIds=some(5)), by_moto=True),
        Row("GetTraceGraph", lambda xray, _: xray.get_trace_graph(TraceIds=some(1))),
        Row("GetServiceGraph 15 min", lambda xray, _: xray.get_service_graph(**recent)),
        Row("GetServiceGraph 6 h", lambda xray, _: xray.get_service_graph(**window)),
        Row("GetServiceGraph 6 h, a group", lambda xray, _: xray.get_service_graph(**window, GroupName="failing")),
        counted("GetTimeSeriesServiceStatistics 6 h"),
        counted("GetTimeSeriesServiceStatistics 6 h, service", EntitySelectorExpression='service("checkout")'),
        counted("GetTimeSeriesServiceStatistics 6 h, edge, 300 s", EntitySelectorExpression='edge("checkout", "payments")', Period=300),
        Row("GetInsightSummaries 6 h", lambda xray, _: xray.get_insight_summaries(**window, GroupName="failing")),
        Row("ListServices", lambda _, signals: signals.list_services(**window)),
        Row("ListServiceOperations", lambda _, signals: signals.list_service_operations(**window, KeyAttributes=keys)),
        Row("ListServiceDependencies", lambda _, signals: signals.list_service_dependencies(**window, KeyAttributes=keys)),
    ]


def milliseconds(call: Callable[[], Any]) -> list[float]:
    times = []
    for number in range(CALLS + 1):
        begin = time.perf_counter()
        call()
        if number:
            times.append((time.perf_counter() - begin) * 1000)
    return times


def percentile(times: list[float], share: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1]


def moto_times() -> dict[str, float]:
    """The median of each call that moto answers, over a few of the same traces."""
    randomness = seeded(1)
    end = time.time()
    traces = [documents(number, end - 60, randomness) for number in range(MOTO_TRACES)]
    with moto() as port:
        xray = client("xray", port)
        texts = [text for _, each in traces for text in each]
        for first in range(0, len(texts), 50):
            xray.put_trace_segments(TraceSegmentDocuments=texts[first : first + 50])
        asked = [row for row in rows([trace for trace, _ in traces], end) if row.by_moto]
        return {row.name: statistics.median(milliseconds(partial(row.call, xray, None))) for row in asked}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--segments", type=int, default=SEGMENTS)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    path = Path("build") / "bench" / "read.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not (options.keep and path.exists()):
        fill(path, options.segments)
    with closing(Store.open(path)) as store, store.reading() as connection:
        ids = [trace for (trace,) in connection.execute("SELECT id FROM traces LIMIT 5000")]
        ((segments,), (end,)) = (
            connection.execute(query).fetchone() for query in ("SELECT count(*) FROM segments", "SELECT max(received) FROM traces")
        )
    end = end // 60 * 60 + 60
    print(json.dumps({"segments": segments}), flush=True)
    starts = []
    for _ in range(STARTS):
        with started(path) as (_, seconds):
            starts.append(seconds * 1000)
    print(f"start to first answer {statistics.median(starts):34.0f} ms (median of {STARTS})", flush=True)
    rivals = moto_times()
    slow = []
    with started(path) as (port, _):
        xray, signals = client("xray", port), client("application-signals", port)
        print(f"{'':56}{'p50 ms':>8}{'p95 ms':>8}  moto p50, {MOTO_TRACES * A_TRACE:,} segments", flush=True)
        for row in rows(ids, end):
            times = milliseconds(partial(row.call, xray, signals))
            p50, p95 = percentile(times, 50), percentile(times, 95)
            rival = f"{rivals[row.name]:8.1f}" if row.name in rivals else ""
            print(f"{row.name:56}{p50:8.1f}{p95:8.1f}  {rival}", flush=True)
            if p95 > ALLOWED_MS:
                slow.append(row.name)
    assert not slow, f"p95 above {ALLOWED_MS} ms: {', '.join(slow)}"


if __name__ == "__main__":
    main()
