"""Log objects: names as AWS gives them, each line in one object, nothing twice and nothing left out however often it is begun again."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from xray_grafana.alb.access import parse_access
from xray_grafana.alb.keys import LogKey, classify_key
from xray_grafana.errors import OutputError
from xray_grafana.sandbox.demo.alb_objects import LogObjects, Part, name_of, window_of
from xray_grafana.sandbox.demo.scene import Rate, Scene
from xray_grafana.sandbox.demo.sinks import FolderSink
from xray_grafana.sandbox.demo.traffic import requests_ended_between

SEED = 1
SCENE = Scene(account="111122223333", region="eu-west-1", rate=Rate(mean=0.5))
# 2026-09-21T14:00:00Z
START = 1_789_999_200


class MemorySink:
    """Keeps objects and counts how often each was put. `fails` of the next puts end in an error."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts: Counter[str] = Counter()
        self.fails = 0

    def names(self, folder: str) -> set[str]:
        return {name for name in self.objects if name.startswith(f"{folder}/")}

    def put(self, name: str, body: bytes) -> None:
        if self.fails:
            self.fails -= 1
            raise OutputError("the disk is full")
        self.objects[name] = body
        self.puts[name] += 1

    @property
    def lines(self) -> list[bytes]:
        return [line for body in self.objects.values() for line in gzip.decompress(body).splitlines()]


def expected(start: int, end: int) -> list[bytes]:
    return sorted(request.alb for request in requests_ended_between(SEED, start, end, SCENE))


def objects(sink: MemorySink, since: float = START) -> LogObjects:
    return LogObjects(SEED, SCENE, sink, since)


def test_windows_that_are_over_become_one_object_of_each_node_with_the_names_that_aws_gives() -> None:
    sink = MemorySink()
    assert objects(sink).write_due(START + 600) == 4
    assert sorted(sink.lines) == expected(START, START + 600)
    for name, body in sink.objects.items():
        assert name.startswith(
            "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/09/21/111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_"
        )
        key = classify_key(f"some/prefix/{name}")
        assert isinstance(key, LogKey)
        assert (key.log_type, key.account, key.region, key.load_balancer) == (
            "access",
            "111122223333",
            "eu-west-1",
            "app/shop/50dc6c495c0c9188",
        )
        assert key.end_time is not None
        read = [parse_access(line) for line in gzip.decompress(body).splitlines()]
        assert {line.alb_node_ip for line in read} == {key.node_ip}
        assert [line.time_ns for line in read] == sorted(line.time_ns for line in read)
        end_ns = int(key.end_time.timestamp()) * 10**9
        assert all(end_ns - 300 * 10**9 <= line.time_ns < end_ns for line in read)


def test_an_object_is_the_same_bytes_whenever_it_is_written() -> None:
    first, second = MemorySink(), MemorySink()
    objects(first).write_due(START + 300)
    objects(second).write_due(START + 300)
    assert first.objects == second.objects
    assert all(body[4:8] == b"\0\0\0\0" for body in first.objects.values())  # RFC 1952: the time in the header


def test_a_window_that_still_runs_is_written_minute_by_minute_under_its_end() -> None:
    sink = MemorySink()
    writer = objects(sink)
    assert writer.write_due(START + 59) == 0
    assert writer.write_due(START + 60) == 2
    assert writer.write_due(START + 61) == 0
    assert writer.write_due(START + 180) == 4
    assert sorted(sink.lines) == expected(START, START + 180)
    assert writer.write_due(START + 360) == 4 + 2
    assert sorted(sink.lines) == expected(START, START + 360)
    ends = Counter(name.split("_")[-3] for name in sink.objects)
    assert ends == {"20260921T1405Z": 10, "20260921T1410Z": 2}


@pytest.mark.parametrize("stopped_after", [30, 60, 90, 299, 300, 301, 420])
@pytest.mark.parametrize("pause", [1, 59, 240, 900])
def test_who_is_interrupted_and_begins_again_repeats_nothing_and_leaves_nothing_out(stopped_after: int, pause: int) -> None:
    sink = MemorySink()
    first = objects(sink)
    for second in range(0, stopped_after + 1, 30):
        first.write_due(START + second)
    end = START + stopped_after + pause
    objects(sink).write_due(end)
    assert sorted(sink.lines) == expected(START, end // 60 * 60)
    assert max(sink.puts.values(), default=1) == 1


@pytest.mark.parametrize("now", [START + 130, START + 300])
def test_a_window_that_is_there_as_a_whole_gets_no_minutes_beside_it(now: int) -> None:
    """As when the history is played again, and interrupted in the middle of the window."""
    sink = MemorySink()
    objects(sink).write_due(START + 300)
    assert objects(sink).write_due(now) == 0
    assert sorted(sink.lines) == expected(START, START + 300)


def test_what_could_not_be_written_is_written_the_next_time() -> None:
    sink = MemorySink()
    writer = objects(sink)
    sink.fails = 1
    with pytest.raises(OutputError):
        writer.write_due(START + 60)
    writer.write_due(START + 120)
    sink.fails = 2
    for _ in range(2):
        with pytest.raises(OutputError):
            writer.write_due(START + 660)
    writer.write_due(START + 660)
    assert sorted(sink.lines) == expected(START, START + 660)
    assert set(sink.puts.values()) == {1}


def test_after_a_pause_only_whole_minutes_with_traffic_are_written() -> None:
    sink = MemorySink()
    writer = objects(sink)
    writer.write_due(START + 60)
    writer.skip_to(START + 3690)  # 30 s into a minute
    assert writer.write_due(START + 3719) == 0
    writer.write_due(START + 3900)
    assert sorted(sink.lines) == sorted(expected(START, START + 60) + expected(START + 3720, START + 3900))


def test_objects_go_into_the_folder_of_the_day_on_which_their_window_ends() -> None:
    midnight = 20_718 * 86_400  # 2026-09-22
    sink = MemorySink()
    objects(sink, midnight - 600).write_due(midnight + 300)
    folders = [name.split("/eu-west-1/")[1].rpartition("/")[0] for name in sorted(sink.objects)]
    assert folders == ["2026/09/21"] * 2 + ["2026/09/22"] * 4
    before = dict(sink.puts)
    objects(sink, midnight - 600).write_due(midnight + 300)
    assert sink.puts == before


def test_a_node_without_a_request_has_no_object() -> None:
    idle = SCENE._replace(rate=Rate(mean=0.001))
    sink = MemorySink()
    writer = LogObjects(SEED, idle, sink, START)
    # 0.001 × 1.4 × 1.15 requests a second are one at most in ten minutes, by and large.
    assert writer.write_due(START + 600) == len(sink.objects) < 4


def test_names_differ_by_seed_node_and_part() -> None:
    parts = [Part(START, START + 300), Part(START, START + 60), Part(START + 60, START + 120)]
    names = {name_of(seed, part, node, SCENE) for seed in (1, 2) for part in parts for node in (0, 1)}
    assert len(names) == 12


def test_a_window_begins_at_whole_five_minutes() -> None:
    assert [window_of(START + second) - START for second in (0, 299.999, 300, -0.5)] == [0, 0, 300, -300]


def test_a_folder_holds_the_same_objects(tmp_path: Path) -> None:
    LogObjects(SEED, SCENE, FolderSink(tmp_path), START).write_due(START + 300)
    LogObjects(SEED, SCENE, FolderSink(tmp_path), START).write_due(START + 360)
    memory = MemorySink()
    objects(memory).write_due(START + 300)
    objects(memory).write_due(START + 360)
    assert {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == memory.objects
