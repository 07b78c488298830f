from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from tests.alb.aws import until
from tests.push.loki_fake import NO_LIMITS, LokiFake, Reply, Slow
from xray_grafana.push.client import PushClient
from xray_grafana.push.settings import settings_from
from xray_grafana.sandbox.demo.log_lines import LogLine
from xray_grafana.sandbox.demo.log_push import LogPush

pytestmark = pytest.mark.enable_socket

NOW_NS = 1_789_999_200 * 10**9


def line(service: str, number: int) -> LogLine:
    return LogLine(service, NOW_NS + number, f"{service} {number}", "warn" if number % 2 else "info")


def pushing(loki: LokiFake, use: Callable[[LogPush], None], *, waiting_max: int = 1000) -> LogPush:
    with PushClient(settings_from(loki.url, {})) as client, LogPush(client, waiting_max=waiting_max) as push:
        use(push)
    return push


def test_lines_arrive_in_a_stream_of_their_service_in_order_of_time_with_their_level() -> None:
    with LokiFake(NO_LIMITS) as loki:
        push = pushing(loki, lambda push: push.offer([line("cart", 2), line("checkout", 1), line("cart", 1), line("cart", 4)]))
        assert sorted(loki.streams) == ['{service_name="cart"}', '{service_name="checkout"}']
        entries = [(entry.timestamp_ns - NOW_NS, entry.line, dict(entry.metadata)) for entry in loki.entries({"service_name": "cart"})]
    assert entries == [(1, b"cart 1", {"level": "warn"}), (2, b"cart 2", {"level": "info"}), (4, b"cart 4", {"level": "info"})]
    assert (push.pushed, push.dropped, push.problem) == (4, 0, None)


def test_a_loki_that_is_busy_is_asked_again() -> None:
    with LokiFake(NO_LIMITS) as loki:
        loki.script([Reply(503, "too busy")])

        def use(push: LogPush) -> None:
            push.offer([line("cart", 1)])
            until(lambda: push.pushed, "the line is in")

        push = pushing(loki, use)
        assert len(loki.entries()) == 1
    assert (push.pushed, push.problem) == (1, None)


def test_offering_never_waits_and_of_too_many_lines_the_oldest_are_dropped() -> None:
    with LokiFake(NO_LIMITS) as loki:
        loki.script([Slow(0.3)])

        def use(push: LogPush) -> None:
            push.offer([line("storefront", 0)])
            until(lambda: not loki.script_left(), "the first push is in hand")
            push.offer(line("cart", number) for number in range(1, 8))

        push = pushing(loki, use, waiting_max=5)
        kept = [entry.line for entry in loki.entries({"service_name": "cart"})]
    assert kept == [b"cart 3", b"cart 4", b"cart 5", b"cart 6", b"cart 7"]
    assert (push.pushed, push.dropped) == (6, 2)


def test_what_loki_refuses_for_good_is_counted_with_the_reason_and_the_end_does_not_wait_for_it() -> None:
    with LokiFake(NO_LIMITS, bearer="right") as loki:

        def use(push: LogPush) -> None:
            push.offer([line("cart", 1), line("cart", 2)])
            until(lambda: push.dropped == 2, "the lines are given up")
            assert push.problem is not None
            assert "401" in push.problem
            push.offer([line("cart", 3)])

        push = pushing(loki, use)
    assert (push.pushed, push.dropped) == (0, 3)
    assert not [thread for thread in threading.enumerate() if thread.name == "demo-logs"]


def test_lines_that_loki_finds_unfit_count_as_dropped() -> None:
    with LokiFake() as loki:  # with limits: the lines are of a day long ago
        push = pushing(loki, lambda push: push.offer([LogLine("cart", 10**18, "old", "info")]))
    assert (push.pushed, push.dropped) == (0, 1)


def test_a_loki_that_takes_lines_and_never_answers_does_not_hold_up_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = settings_from(f"http://127.0.0.1:{silent.getsockname()[1]}", {})
        with PushClient(settings) as client:
            with LogPush(client, last_seconds=0.05) as push:
                push.offer([line("cart", 1)])
                connection, _ = silent.accept()
            with connection:
                (pushing_thread,) = [thread for thread in threading.enumerate() if thread.name == "demo-logs"]
                assert pushing_thread.daemon, "the program would wait for it"
        silent.close()
        pushing_thread.join()
    assert (push.pushed, push.dropped) == (0, 1)


def test_a_loki_that_is_not_there_does_not_hold_up_the_end() -> None:
    loki = LokiFake(NO_LIMITS)
    with loki:
        pass

    def use(push: LogPush) -> None:
        push.offer([line("cart", 1)])
        until(lambda: push.problem, "the problem is told")

    push = pushing(loki, use)
    assert (push.pushed, push.dropped) == (0, 1)
