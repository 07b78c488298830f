from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.alb.loki_queries import Questions
from tests.alb.xray_fake import XRayFake
from tests.cli.conftest import Ran, Run, run
from tests.push.loki_fake import NO_LIMITS, Limits, LokiFake
from xray_grafana.alb.report import Reason, Row, logfmt_of, rows_of, total_of
from xray_grafana.alb.samples import Sample, Span, take_samples
from xray_grafana.alb.traces import Known, calls_for, dollars_for, known_traces
from xray_grafana.cli.main import main
from xray_grafana.errors import LokiError, XRayGrafanaError
from xray_grafana.push.client import PushClient
from xray_grafana.push.encode import Entry, EntryBatch, labels_text
from xray_grafana.push.settings import settings_from
from xray_grafana.xray.trace_id import TraceId

__all__ = ["run"]  # a fixture

pytestmark = pytest.mark.enable_socket

NOW = datetime.now(UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
MINUTE_NS = 60 * 10**9
WEB, API = "app/web/50dc6c495c0c9188", "app/api/73e2d6bc24d8a067"


def trace_id(number: int, age_seconds: int = 3600) -> TraceId:
    return TraceId(f"{NOW_NS // 10**9 - age_seconds:08x}", f"{number:024x}")


def access_line(root: str, *, age_seconds: int = 3600, lb: str = WEB, target: str = "10.0.0.1:80", status: str = "200") -> bytes:
    """An access-log line that came in so long ago; `root` is the whole header."""
    created = (NOW - timedelta(seconds=age_seconds)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    return (
        f"https {created} {lb} 203.0.113.7:2817 {target} 0.000 0.010 0.000 200 {status} 34 366 "
        f'"GET https://shop.example:443/ HTTP/2.0" "curl/8" - - - "{root}" "shop.example" "-" 1 {created} "forward" "-" "-" '
        f'"10.0.0.1:80" "200" "-" "-"'
    ).encode()


@dataclass
class World:
    """A Loki with lines and the environment that leads to it."""

    loki: LokiFake
    questions: Questions = field(init=False)

    def __post_init__(self) -> None:
        self.questions = Questions(self.loki)

    def put(self, identity: TraceId, line: bytes, *, age_seconds: int = 3600, labels: Mapping[str, str] | None = None) -> None:
        stream = {"log_type": "access", "lb": WEB, "aws_region": "eu-west-1"} | dict(labels or {})
        stamp = NOW_NS - age_seconds * 10**9
        entries = (Entry(stamp, line, (("trace_id", identity.xray),)),)
        with PushClient(settings_from(self.loki.url, {})) as client:
            answer = client.post(EntryBatch(labels_text({name: value for name, value in stream.items() if value}), entries).body())
        assert answer.status == 204, answer.text

    def put_many(self, count: int, *, lb: str = WEB, start: int = 0) -> list[str]:
        """Lines of the last hours, one a minute, each with an id of its own; returns the ids."""
        ids = []
        for number in range(start, start + count):
            age = 600 + 60 * (number - start)
            identity = trace_id(number, age)
            ids.append(identity.xray)
            self.put(identity, access_line(f"Root={identity.xray}", age_seconds=age, lb=lb), age_seconds=age, labels={"lb": lb})
        return ids


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with LokiFake(NO_LIMITS) as loki:
        monkeypatch.setenv("LOKI_URL", loki.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield World(loki)


def report(capsys: pytest.CaptureFixture[str], xray: XRayFake, *arguments: str) -> Ran:
    capsys.readouterr()
    code = main(["alb", "report", "--endpoint-url", xray.url, *arguments])
    return Ran(code, *capsys.readouterr())


def test_each_load_balancer_has_its_share_and_its_reasons(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [trace_id(number) for number in range(4)]
    for identity in ids[:2]:
        world.put(identity, access_line(f"Root={identity.xray}"))
    world.put(ids[2], access_line(f"Self={trace_id(9).xray};Root={ids[2].xray};Sampled=0"))
    world.put(ids[3], access_line(f"Root={ids[3].xray}", target="-", status="-"))
    young = trace_id(5, 60)
    world.put(young, access_line(f"Root={young.xray}", age_seconds=60, lb=API), age_seconds=60, labels={"lb": API})
    old = trace_id(6, 40 * 86400)
    world.put(old, access_line(f"Root={old.xray}", lb=API), labels={"lb": API})
    with XRayFake([ids[0].xray]) as xray:
        done = report(capsys, xray, "--from", "2h", "--to", "now")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "load balancer             checked  found  share",
        "app/api/73e2d6bc24d8a067        2      0    0.0%",
        "        1 older than 30 days, which is as long as X-Ray keeps traces",
        "        1 younger than 5 minutes: its segments may still be on their way",
        "app/web/50dc6c495c0c9188        4      1   25.0%",
        "        1 not sampled by the caller: its header says Sampled=0",
        "        1 answered by the load balancer itself: no service was reached",
        ("        1 no segment: not sampled, or the service starts an id of its own (OpenTelemetry propagators drop a Root-only header)"),
        "all                             6      1   16.7%",
        "        1 older than 30 days, which is as long as X-Ray keeps traces",
        "        1 younger than 5 minutes: its segments may still be on their way",
        "        1 not sampled by the caller: its header says Sampled=0",
        "        1 answered by the load balancer itself: no service was reached",
        ("        1 no segment: not sampled, or the service starts an id of its own (OpenTelemetry propagators drop a Root-only header)"),
    ]


def test_what_it_costs_is_said_before_x_ray_is_asked(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ids = world.put_many(11)
    with XRayFake(ids) as xray:
        done = report(capsys, xray)
        assert [len(each) for _, each in xray.calls] == [5, 5, 1]
    assert done.err == "looking up 11 trace ids in X-Ray by 3 calls, for at most 0.0000 USD\n"
    assert (calls_for({"a": range(11), "b": range(5)}), dollars_for(1_000_000)) == (4, 0.5)  # type: ignore[dict-item]


def test_json_has_every_count_and_the_time_asked_for(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    known, other = trace_id(1, 3 * 86400), trace_id(2, 3 * 86400)
    for identity in (known, other):
        world.put(identity, access_line(f"Root={identity.xray}", age_seconds=3 * 86400), age_seconds=3 * 86400)
    day = (NOW - timedelta(days=4)).strftime("%Y-%m-%d")
    with XRayFake([known.xray]) as xray:
        done = report(capsys, xray, "--json", "--from", day, "--to", NOW.strftime("%Y-%m-%dT%H:%M:%S+00:00"))
    missing = {"too_old": 0, "too_young": 0, "not_sampled": 0, "load_balancer": 0, "no_segment": 1}
    counts = {"checked": 2, "found": 1, "share": 0.5, "missing": missing, "unprocessed": 0}
    assert json.loads(done.out) == {
        "from": f"{day}T00:00:00Z",
        "to": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "load_balancers": [{"lb": WEB, **counts}],
        "total": {"lb": "all", **counts},
    }


def test_no_more_ids_than_asked_for_are_looked_up_half_of_them_of_each_of_two_load_balancers(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    web, api = world.put_many(60), world.put_many(15, lb=API, start=100)
    with XRayFake() as xray:
        assert report(capsys, xray, "--sample", "20", "--from", "70m").code == 0
        asked = set(xray.asked)
    assert len(asked & set(api)) <= 10
    assert 8 <= len(asked & set(web)) <= 10
    assert len(asked) <= 20


def test_samples_are_spread_over_the_time_and_not_taken_from_its_end(world: World) -> None:
    world.put_many(100)
    span = Span(NOW_NS - 110 * MINUTE_NS, NOW_NS - 10 * MINUTE_NS)
    with PushClient(settings_from(world.loki.url, {})) as client:
        samples = take_samples(client, '{log_type="access"}', span, 10)
    ages = sorted((NOW_NS - sample.time_ns) // (10 * MINUTE_NS) for sample in samples)
    assert ages == list(range(1, 11))


def test_a_burst_makes_up_for_the_hours_without_a_request(world: World) -> None:
    """All lines are in one of the sixty slices, and all are taken."""
    world.put_many(20)
    with PushClient(settings_from(world.loki.url, {})) as client:
        samples = take_samples(client, '{log_type="access"}', Span(NOW_NS - 2000 * MINUTE_NS, NOW_NS), 60)
    assert len(samples) == 20


def test_loki_is_asked_two_hundred_times_at_most(world: World) -> None:
    world.put_many(3)
    with PushClient(settings_from(world.loki.url, {})) as client:
        take_samples(client, '{log_type="access"}', Span(NOW_NS - 60 * MINUTE_NS, NOW_NS), 5000)
    assert len(world.questions.queries) == 200
    assert {query["limit"] for query in world.questions.queries} == {"25"}


def test_an_id_on_two_lines_is_looked_up_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    identity = trace_id(1)
    for age in (1000, 2000):
        world.put(identity, access_line(f"Root={identity.xray}", age_seconds=age), age_seconds=age)
    with XRayFake([identity.xray]) as xray:
        report(capsys, xray)
        assert xray.asked == [identity.xray]


def test_lines_without_the_label_are_counted_by_the_load_balancer_they_name(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    identity = trace_id(1)
    world.put(identity, access_line(f"Root={identity.xray}", lb=API), labels={"lb": "", "job": "alb", "log_type": ""})
    with XRayFake([identity.xray]) as xray:
        done = report(capsys, xray, "--selector", '{job="alb"}')
    assert done.out.splitlines()[1:] == [f"{API}        1      1  100.0%"]


def test_a_line_that_cannot_be_read_is_looked_up_all_the_same(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    identity = trace_id(1)
    world.put(identity, b"not a line", labels={"lb": ""})
    with XRayFake([identity.xray]) as xray:
        done = report(capsys, xray)
    assert done.out.splitlines()[1] == "unknown              1      1  100.0%"


def test_a_function_behind_the_load_balancer_is_a_service_although_it_has_no_address(world: World) -> None:
    identity = trace_id(1)
    world.put(identity, access_line(f"Root={identity.xray}", target="-", status="200"))
    with PushClient(settings_from(world.loki.url, {})) as client:
        (sample,) = take_samples(client, '{log_type="access"}', Span(0, NOW_NS), 1)
    assert sample.reached_service


@pytest.mark.parametrize(("arguments", "regions"), [((), {"eu-west-1", "eu-north-1"}), (("--region", "us-east-1"), {"us-east-1"})])
def test_x_ray_is_asked_where_the_line_comes_from_unless_a_region_is_named(
    arguments: tuple[str, ...], regions: set[str], world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, region in enumerate(("eu-west-1", "eu-north-1")):
        identity = trace_id(number)
        world.put(identity, access_line(f"Root={identity.xray}"), labels={"aws_region": region})
    with XRayFake() as xray:
        assert report(capsys, xray, *arguments).code == 0
        assert {region for region, _ in xray.calls} == regions


def test_ids_that_x_ray_leaves_undone_are_asked_for_again_and_counted_apart_in_the_end(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    once, always, known = (trace_id(number) for number in range(3))
    for identity in (once, always, known):
        world.put(identity, access_line(f"Root={identity.xray}"))
    with XRayFake([once.xray, always.xray, known.xray], unprocessed={once.xray: 1, always.xray: 99}) as xray:
        done = report(capsys, xray)
        assert [len(ids) for _, ids in xray.calls] == [3, 2, 1, 1]
    assert done.out.splitlines()[1:] == [
        f"{WEB}        2      2  100.0%",
        "        1 not checked: X-Ray left them undone however often it was asked",
    ]


def test_all_pages_of_an_answer_are_read(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ids = world.put_many(5)
    with XRayFake(ids[:4], page_size=1) as xray:
        done = report(capsys, xray, "--json")
        assert len(xray.calls) == 4
    assert json.loads(done.out)["total"]["found"] == 4


def test_a_throttled_call_is_made_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ids = world.put_many(1)
    with XRayFake(ids, throttled=1) as xray:
        assert json.loads(report(capsys, xray, "--json").out)["total"]["found"] == 1


@pytest.mark.usefixtures("world")
def test_without_any_id_the_way_out_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with XRayFake() as xray:
        done = report(capsys, xray)
        assert xray.calls == []
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        'error: Loki has no line of {log_type="access"} with a trace_id in that time\n'
        "  hint: look at --from, --to and --selector; the shipper writes trace_id as structured metadata, other tools may not\n"
    )


def test_a_refusal_of_aws_names_the_permission(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.put_many(1)
    with XRayFake(denied=True) as xray:
        done = report(capsys, xray)
    assert done.code == 1
    assert done.err.splitlines()[1:] == [
        "error: X-Ray in eu-west-1: BatchGetTraces was refused: AccessDeniedException: not authorized to perform: xray:BatchGetTraces",
        "  hint: the credentials need xray:BatchGetTraces, as aws/iam/grafana-policy.json allows it",
    ]


def test_without_a_region_the_variable_is_named(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    identity = trace_id(1)
    world.put(identity, access_line(f"Root={identity.xray}"), labels={"aws_region": ""})
    with XRayFake() as xray:
        done = report(capsys, xray)
    assert done.code == 2
    assert done.err.endswith("error: cannot talk to xray of AWS: You must specify a region.\n  hint: set AWS_DEFAULT_REGION or --region\n")


def test_an_address_of_x_ray_that_is_none_is_a_usage_error(world: World, run: Run) -> None:
    world.put_many(1)
    done = run("alb", "report", "--endpoint-url", "garbage")
    assert done.code == 2
    assert done.err.splitlines()[1].startswith("error: cannot talk to xray of AWS: its address is no URL")


class Unreachable:
    """What botocore does when nobody listens, without the seconds it takes to be sure."""

    def batch_get_traces(self, **_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1/Traces")


def test_an_x_ray_that_cannot_be_reached_is_an_error_of_one_line() -> None:
    with pytest.raises(XRayGrafanaError, match=r"^X-Ray in eu-west-1: cannot be asked: Could not connect to .*http://127.0.0.1:1/"):
        known_traces(lambda _: Unreachable(), {"eu-west-1": {trace_id(1).xray}})


def test_the_record_is_a_line_for_each_load_balancer_that_the_board_can_read(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    web = world.put_many(3)
    world.put_many(1, lb=API, start=50)
    with XRayFake(web[:2]) as xray:
        done = report(capsys, xray, "--record")
    assert done.code == 0, done.err
    rest = "too_old=0 too_young=0 not_sampled=0 load_balancer=0 no_segment=1 unprocessed=0"
    assert [entry.line.decode() for entry in world.loki.entries({"service_name": "xray-grafana-alb"})] == [
        f"event=report lb={API} checked=1 found=0 {rest}",
        f"event=report lb={WEB} checked=3 found=2 {rest}",
    ]
    assert 'wrote 2 lines to {service_name="xray-grafana-alb"}\n' in done.err


def test_without_record_nothing_is_written(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ids = world.put_many(1)
    with XRayFake(ids) as xray:
        report(capsys, xray)
    assert world.loki.entries({"service_name": "xray-grafana-alb"}) == []


def test_a_record_that_loki_refuses_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Here Loki takes no line that is longer than those of the load balancer's."""
    identity = trace_id(1)
    line = access_line(f"Root={identity.xray}")
    name = "app/" + "x" * len(line)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with LokiFake(Limits(line_bytes=len(line))) as loki, XRayFake() as xray:
        monkeypatch.setenv("LOKI_URL", loki.url)
        World(loki).put(identity, line, labels={"lb": name})
        done = report(capsys, xray, "--record")
    assert done.code == 1
    assert "Loki refused 1 line of the report" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "yesterday"), "--from: 'yesterday' is no time"),
        (("--from", "2026-02-30"), "--from: '2026-02-30' is no time"),
        (("--from", "1h", "--to", "2h"), "--from 1h does not lie before --to 2h"),
        (("--selector", "log_type"), "--selector: "),
        (("--sample", "0"), "--sample: got 0, expected a number from 1 to 5000"),
    ],
)
def test_a_wrong_option_is_a_usage_error(arguments: tuple[str, ...], said: str, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with XRayFake() as xray:
        done = report(capsys, xray, *arguments)
    assert done.code == 2
    assert said in done.err
    assert world.questions.queries == []


def test_what_answers_like_no_loki_is_told_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with LokiFake() as loki, XRayFake() as xray:
        monkeypatch.setenv("LOKI_URL", loki.url)
        loki.on_get("/loki/api/v1/label/lb/values", lambda _: ["a"])
        done = report(capsys, xray)
    assert done.code == 1
    assert "the answer to /loki/api/v1/label/lb/values is not that of Loki" in done.err


BALANCERS, QUERY = "/loki/api/v1/label/lb/values", "/loki/api/v1/query_range"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "got data that is {}, expected a list of texts"),
        ("app/web", 'got data that is "app/web", expected a list of texts'),
        (["app/web", 7], "got a value that is 7, expected a text"),
    ],
)
def test_load_balancers_that_are_no_texts_are_named_as_what_was_got(data: Any, said: str, world: World, run: Run) -> None:
    world.loki.on_get(BALANCERS, lambda _: {"status": "success", "data": data})
    done = run("alb", "report")
    assert done.code == 1
    assert f"the answer to {BALANCERS} is not that of Loki: {said}\n" in done.err


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "got data that is null, expected an object with a result"),
        ([], "got data that is [], expected an object with a result"),
        ({}, "got data that is {}, expected an object with a result"),
        ({"result": None}, "got a result that is null, expected a list of streams"),
        ({"result": [{"stream": {}}]}, 'got a stream that is {"stream": {}}, expected an object with stream and values'),
        ({"result": [{"values": []}]}, 'got a stream that is {"values": []}, expected an object with stream and values'),
        ({"result": ["a\x1b\n"]}, r'got a stream that is "a\u001b\n", expected an object with stream and values'),
        ({"result": [{"stream": {"lb": 7}, "values": []}]}, "got a label lb that is 7, expected a text"),
        ({"result": [{"stream": {}, "values": [["1"]]}]}, 'got an entry that is ["1"], expected a list of a time and a line, both texts'),
        (
            {"result": [{"stream": {}, "values": [[1, "a"]]}]},
            'got an entry that is [1, "a"], expected a list of a time and a line, both texts',
        ),
        ({"result": [{"stream": {}, "values": ["1a"]}]}, 'got an entry that is "1a", expected a list of a time and a line, both texts'),
        ({"result": [{"stream": {}, "values": [["now", "a"]]}]}, "got the time now, expected nanoseconds since 1970"),
        ({"result": [{"stream": {}, "values": [["9" * 5000, "a"]]}]}, f"got the time {'9' * 199}…, expected nanoseconds since 1970"),
    ],
)
def test_lines_that_are_none_are_named_as_what_was_got(data: Any, said: str, world: World, run: Run) -> None:
    world.loki.on_get(BALANCERS, lambda _: {"status": "success", "data": [WEB]})
    world.loki.on_get(QUERY, lambda _: {"status": "success", "data": data})
    done = run("alb", "report")
    assert done.code == 1
    assert f"the answer to {QUERY} is not that of Loki: {said}\n" in done.err


def test_a_loki_without_load_balancers_leaves_their_list_out(world: World, run: Run) -> None:
    world.loki.on_get(BALANCERS, lambda _: {"status": "success"})
    world.loki.on_get(QUERY, lambda _: {"status": "success", "data": {"result": []}})
    done = run("alb", "report")
    assert done.code == 1
    assert "Loki has no line of" in done.err


def test_an_answer_that_is_no_success_is_named_as_what_was_got(world: World, run: Run) -> None:
    world.loki.on_get(BALANCERS, lambda _: {"status": "error"})
    assert 'is not that of Loki: got an answer whose status is "error", expected "success"\n' in run("alb", "report").err


def sample(number: int, **changes: Any) -> Sample:
    fields: dict[str, Any] = {"load_balancer": WEB, "time_ns": NOW_NS - 3600 * 10**9, "reached_service": True, "sampled": None}
    return Sample(trace_id=trace_id(number), region=None, **(fields | changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.NO_SEGMENT),
        ({"sampled": True}, Reason.NO_SEGMENT),
        ({"sampled": False}, Reason.NOT_SAMPLED),
        ({"reached_service": False}, Reason.LOAD_BALANCER),
        ({"reached_service": False, "sampled": False}, Reason.NOT_SAMPLED),
        ({"time_ns": NOW_NS - 299 * 10**9, "sampled": False}, Reason.TOO_YOUNG),
        ({"time_ns": NOW_NS - 300 * 10**9}, Reason.NO_SEGMENT),
        ({"time_ns": NOW_NS - (30 * 86400 + 1) * 10**9}, Reason.TOO_OLD),
    ],
)
def test_the_first_reason_that_fits_is_given(changes: dict[str, Any], reason: Reason) -> None:
    (row,) = rows_of([sample(1, **changes)], Known(), NOW_NS)
    assert (row.checked, row.found, row.missing) == (1, 0, {reason: 1})


def test_counts_add_up_in_each_row_and_in_all() -> None:
    samples = [sample(number, load_balancer=API) if number % 2 else sample(number, sampled=False) for number in range(10)]
    rows = rows_of(samples, Known({trace_id(0).xray}, {trace_id(1).xray}), NOW_NS)
    total = total_of(rows)
    assert [(row.load_balancer, row.checked, row.unprocessed) for row in rows] == [(API, 4, 1), (WEB, 5, 0)]
    assert (total.checked, total.found, total.unprocessed) == (9, 1, 1)
    assert total.found + sum(total.missing.values()) == total.checked


def test_a_row_without_a_checked_id_has_no_share() -> None:
    assert Row(WEB, 0, 0, {}, 3).share is None


@pytest.mark.parametrize(("name", "written"), [("app/web", "app/web"), ('a "b"=\\\n', '"a \\"b\\"=\\\\\\n"'), ("a=b", '"a=b"')])
def test_a_name_that_would_end_its_value_is_quoted(name: str, written: str) -> None:
    assert logfmt_of(Row(name, 1, 1, {}, 0)).startswith(f"event=report lb={written} checked=1 found=1 ")


def test_an_error_of_loki_ends_the_report(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKI_URL", f"{world.loki.url}/elsewhere")
    with XRayFake() as xray:
        done = report(capsys, xray)
    assert done.code == LokiError.exit_code
    assert done.out == ""
