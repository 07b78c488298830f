from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.build_trace import START, TRACE_ID, segment
from tests.sandbox.test_http import export_request
from xray_grafana.errors import ConfigError, OutputError
from xray_grafana.sandbox.addresses import Address, address_of, bound, shown
from xray_grafana.sandbox.server import Sandbox, Settings
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.retention import Retention, expire
from xray_grafana.sandbox.store.store import Store

pytestmark = pytest.mark.enable_socket

LOOPBACK = ("127.0.0.1", 0)
HEADER = b'{"format":"json","version":1}\n'
DAY = 86_400.0


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def document(trace: int = 1, **members: Any) -> str:
    return json.dumps({**segment("shop", 1), "trace_id": f"1-6ab13b80-{trace:024x}", **members})


def send(address: Address, *datagrams: bytes) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, address)


def call(address: Address, path: str, members: Any) -> Any:
    with closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
        connection.request("POST", path, json.dumps(members))
        return json.loads(connection.getresponse().read())


def has_stored(sandbox: Sandbox, count: int) -> bool:
    return sandbox.ingest.counts().segments == count


def trace_ids(sandbox: Sandbox) -> list[str]:
    with sandbox.store.reading() as connection:
        return [found for (found,) in connection.execute("SELECT id FROM traces ORDER BY id")]


def open_descriptors() -> int:
    """As Linux tells; 0 elsewhere."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@contextmanager
def nothing_left() -> Iterator[None]:
    """No thread and no descriptor more than before."""
    threads, descriptors = set(threading.enumerate()), open_descriptors()
    yield
    assert set(threading.enumerate()) <= threads
    assert open_descriptors() <= descriptors


def refusal(settings: Settings) -> str:
    with nothing_left(), pytest.raises(OutputError) as raised, Sandbox(settings):
        pass
    return str(raised.value)


def test_a_datagram_can_be_read_by_the_api(tmp_path: Path) -> None:
    with nothing_left(), Sandbox(Settings(tmp_path / "x.db", LOOPBACK, LOOPBACK)) as sandbox:
        send(sandbox.udp_address, HEADER + json.dumps(segment("shop", 1)).encode())
        wait_until(lambda: sandbox.ingest.counts().segments == 1)
        assert sandbox.settle(20)
        (trace,) = call(sandbox.http_address, "/Traces", {"TraceIds": [TRACE_ID]})["Traces"]
        assert trace["Id"] == TRACE_ID
        assert call(sandbox.udp_address, "/GetSamplingRules", {})["SamplingRuleRecords"]


def test_what_is_put_is_seen_by_the_next_read() -> None:
    now = START + 1
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK), now=lambda: now) as sandbox:
        for number in range(1, 4):
            call(sandbox.http_address, "/TraceSegments", {"TraceSegmentDocuments": [document(number)]})
            answer = call(sandbox.http_address, "/TraceSummaries", {"StartTime": START - 60, "EndTime": START + 60})
            assert len(answer["TraceSummaries"]) == number


def test_sampled_spans_of_the_opentelemetry_distributions_of_aws_are_taken_and_others_are_not() -> None:
    request = base64.b64encode(export_request().SerializeToString())
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK)) as sandbox:
        send(sandbox.udp_address, HEADER + b"T1U" + request, HEADER + document(9).encode())
        wait_until(lambda: sandbox.ingest.counts().segments == 1)
        assert TRACE_ID not in trace_ids(sandbox)
        send(sandbox.udp_address, HEADER + b"T1S" + request)
        wait_until(lambda: sandbox.ingest.counts().segments == 2)
        assert TRACE_ID in trace_ids(sandbox)
        assert sandbox.ingest.counts().datagrams_bad == 0


def test_bursts_of_datagrams_are_stored_to_the_last_one() -> None:
    """200 fit into the smallest buffer that a system gives."""
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK)) as sandbox:
        for first in range(0, 5_000, 200):
            send(sandbox.udp_address, *(HEADER + document(number).encode() for number in range(first, first + 200)))
            wait_until(partial(has_stored, sandbox, first + 200))
        assert sandbox.ingest.counts()[:5] == (5_000, 5_000, 0, 0, 0)


def test_datagrams_that_came_before_the_end_are_in_the_file(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "x.db", LOOPBACK, LOOPBACK)
    with Sandbox(settings) as sandbox:
        send(sandbox.udp_address, *(HEADER + document(number).encode() for number in range(200)))
    assert list(tmp_path.iterdir()) == [tmp_path / "x.db"]
    with Sandbox(settings) as sandbox:
        assert len(trace_ids(sandbox)) == 200


def test_a_sandbox_can_be_started_again_on_its_ports(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "x.db", LOOPBACK, LOOPBACK)
    for _ in range(3):
        with nothing_left(), Sandbox(settings) as sandbox:
            call(sandbox.http_address, "/Groups", {})
            settings = Settings(settings.data, sandbox.http_address, sandbox.udp_address)


def test_one_port_may_serve_everything() -> None:
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK)) as sandbox:
        free = sandbox.udp_address
    with nothing_left(), Sandbox(Settings(None, free, free)) as sandbox:
        assert sandbox.http_address == sandbox.udp_address == free
        send(free, HEADER + document().encode())
        wait_until(lambda: sandbox.ingest.counts().segments == 1)
        assert call(free, "/Groups", {})["Groups"]


def test_ipv6_is_served() -> None:
    with nothing_left(), Sandbox(Settings(None, ("::1", 0), ("::1", 0))) as sandbox:
        send(sandbox.udp_address, HEADER + document().encode())
        wait_until(lambda: sandbox.ingest.counts().segments == 1)
        assert call(sandbox.http_address, "/Groups", {})["Groups"]
        assert shown(sandbox.http_address) == f"[::1]:{sandbox.http_address[1]}"


def test_a_port_in_use_is_named_with_how_to_find_who_has_it() -> None:
    with closing(bound("tcp", LOOPBACK)) as other:
        taken = address_of(other)
        expected = (
            f"tcp 127.0.0.1:{taken[1]}: the port is in use\n"
            f"  hint: `ss -ltnup 'sport = :{taken[1]}'` shows the process that has it; end it, or choose another port"
        )
        assert refusal(Settings(None, taken, LOOPBACK)) == expected
        assert refusal(Settings(None, LOOPBACK, taken)) == expected


def test_a_udp_port_in_use_is_named() -> None:
    with closing(bound("udp", LOOPBACK)) as other:
        taken = address_of(other)
        for settings in (Settings(None, LOOPBACK, taken), Settings(None, taken, taken)):
            assert refusal(settings).startswith(f"udp 127.0.0.1:{taken[1]}: the port is in use\n  hint: `ss -ltnup 'sport = :{taken[1]}'`")


@pytest.mark.parametrize(
    ("host", "said"), [("192.0.2.1", "this machine has no such address"), ("no host", "no such address"), ("x" * 70, "no such address")]
)
def test_an_address_that_cannot_be_had_is_named(host: str, said: str) -> None:
    text = refusal(Settings(None, (host, 0), LOOPBACK))
    assert text.startswith(f"tcp {host}:0: {said}")
    assert "127.0.0.1" in text


def test_a_database_that_is_refused_leaves_no_port_open(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("no database " * 20)
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK)) as sandbox:
        free = sandbox.http_address, sandbox.udp_address
    assert "is no SQLite database" in refusal(Settings(path, *free))
    with Sandbox(Settings(None, *free)):
        pass


def test_a_second_sandbox_on_the_same_file_is_refused(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "x.db", LOOPBACK, LOOPBACK)
    with Sandbox(settings):
        assert "another sandbox is using this database" in refusal(settings)


def test_rules_of_a_file_are_served_and_a_faulty_file_is_refused(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("SamplingRules: [{RuleName: a, Priority: 1, FixedRate: 0.25}]")
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK, rules, region="eu-west-1", account="123456789012")) as sandbox:
        first, _ = call(sandbox.udp_address, "/GetSamplingRules", {})["SamplingRuleRecords"]
        assert first["SamplingRule"]["RuleARN"] == "arn:aws:xray:eu-west-1:123456789012:sampling-rule/a"
    rules.write_text("SamplingRules: [{RuleName: a}]")
    with nothing_left(), pytest.raises(ConfigError, match="Priority"), Sandbox(Settings(None, LOOPBACK, LOOPBACK, rules)):
        pass


def test_bad_datagrams_are_counted_and_stop_nothing() -> None:
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK)) as sandbox:
        send(sandbox.udp_address, b"", b"junk", HEADER, HEADER + b"x" * 65_000, HEADER + document().encode())
        wait_until(lambda: sandbox.ingest.counts().segments == 1)
        counts = sandbox.ingest.counts()
        assert (counts.datagrams_bad, counts.rejected) == (2, 2)


def test_what_is_older_than_the_retention_is_deleted_with_its_counts() -> None:
    """Two thousand old traces are two rounds; a trace that was updated since is as new as the update."""
    with Sandbox(Settings(None, LOOPBACK, LOOPBACK), now=lambda: START + 31 * DAY) as sandbox:
        sandbox.ingest.put([document(number) for number in range(2_000)], received=START)
        sandbox.ingest.put([document(5_000), document(1_000)], received=START + 2 * DAY)
        assert sandbox.settle(20)
        assert expire(sandbox.store, START + DAY) == 1_999
        assert [int(each[-24:], 16) for each in trace_ids(sandbox)] == [1_000, 5_000]
        with sandbox.store.reading() as connection:
            assert connection.execute("SELECT count(*) FROM segments").fetchone() == (2,)
            assert rollups.rows_between(connection, "Default", 0, int((START + DAY) // 60)) == []
            assert rollups.rows_between(connection, "Default", 0, int((START + 3 * DAY) // 60))
        assert expire(sandbox.store, START + DAY) == 0


def test_the_retention_is_kept_from_the_start(tmp_path: Path) -> None:
    """A month and a day later only what came in the meantime is left."""
    path = tmp_path / "x.db"
    with Sandbox(Settings(path, LOOPBACK, LOOPBACK), now=lambda: START) as sandbox:
        sandbox.ingest.put([document(1)], received=START)
        sandbox.ingest.put([document(2)], received=START + 5 * DAY)
    with Sandbox(Settings(path, LOOPBACK, LOOPBACK), now=lambda: START + 31 * DAY) as sandbox:
        wait_until(lambda: len(trace_ids(sandbox)) == 1)
        assert trace_ids(sandbox) == [f"1-6ab13b80-{2:024x}"]


def test_the_thirty_days_end_to_the_second(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "x.db", LOOPBACK, LOOPBACK)
    with Sandbox(settings, now=lambda: START) as sandbox:
        sandbox.ingest.put([document(1)], received=START - 30 * DAY - 1)
        sandbox.ingest.put([document(2)], received=START - 30 * DAY + 1)
    with Sandbox(settings, now=lambda: START) as sandbox:
        wait_until(lambda: len(trace_ids(sandbox)) == 1)
        assert trace_ids(sandbox) == [f"1-6ab13b80-{2:024x}"]


def test_a_retention_that_fails_is_told() -> None:
    notes: list[str] = []
    with closing(Store.open(None)) as store:
        pass
    with closing(Retention(store, 60, now=lambda: START, note=notes.append)):
        wait_until(lambda: len(notes) == 1)
    assert notes == ["the database in memory: the database is closed"]


def test_a_sandbox_that_fails_inside_is_stopped_all_the_same() -> None:
    with nothing_left(), pytest.raises(ZeroDivisionError), Sandbox(Settings(None, LOOPBACK, LOOPBACK)):
        raise ZeroDivisionError
