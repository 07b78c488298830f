"""The totals, as Prometheus gets them over a socket."""

from __future__ import annotations

import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from xray_grafana.alb.counts import Counts
from xray_grafana.alb.metrics import serving
from xray_grafana.alb.ship import Outcome
from xray_grafana.alb.totals import Totals
from xray_grafana.errors import UsageError

pytestmark = pytest.mark.enable_socket

OUTCOME = Outcome(
    "a",
    counts=Counts(read=10, shipped=6, rejected=1, unreadable=2, skipped=1),
    read_bytes=5_000,
    lag_seconds=300.5,
    finished=True,
    pushes=3,
    retries=1,
    sent_bytes=900,
)


def scraped(port: int, host: str = "127.0.0.1") -> dict[str, float]:
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        text = answer.read().decode()
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def filled() -> Totals:
    totals = Totals()
    totals.add(OUTCOME)
    totals.add(Outcome("b", finished=True, skipped_because="shipped before"))
    totals.add_failure()
    return totals


def test_every_total_is_served_under_its_name() -> None:
    with serving("127.0.0.1:0", filled()) as port:
        assert port is not None
        assert scraped(port) == {
            "xray_grafana_alb_lines_total[shipped]": 6,
            "xray_grafana_alb_lines_total[rejected]": 1,
            "xray_grafana_alb_lines_total[unreadable]": 2,
            "xray_grafana_alb_lines_total[skipped]": 1,
            "xray_grafana_alb_lines_read_total": 10,
            "xray_grafana_alb_objects_total[shipped]": 1,
            "xray_grafana_alb_objects_total[continued]": 0,
            "xray_grafana_alb_objects_total[damaged]": 0,
            "xray_grafana_alb_objects_total[refused]": 0,
            "xray_grafana_alb_objects_total[skipped]": 1,
            "xray_grafana_alb_objects_total[failed]": 1,
            "xray_grafana_alb_read_bytes_total": 5_000,
            "xray_grafana_alb_sent_bytes_total": 900,
            "xray_grafana_alb_pushes_total": 3,
            "xray_grafana_alb_push_retries_total": 1,
            "xray_grafana_alb_lag_seconds": 300.5,
        }


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that are changed as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_what_is_read_is_the_sum_of_the_outcomes_at_every_moment() -> None:
    totals, done = Totals(), threading.Event()

    def work() -> None:
        while not done.is_set():
            totals.add(OUTCOME)

    worker = threading.Thread(target=work)
    with serving("127.0.0.1:0", totals) as port:
        assert port is not None
        worker.start()
        try:
            for _ in range(30):
                found = scraped(port)
                outcomes = sum(value for name, value in found.items() if name.startswith("xray_grafana_alb_lines_total"))
                assert outcomes == found["xray_grafana_alb_lines_read_total"]
        finally:
            done.set()
            worker.join()


def test_counters_go_on_between_two_looks() -> None:
    totals = filled()
    with serving("127.0.0.1:0", totals) as port:
        assert port is not None
        before = scraped(port)["xray_grafana_alb_lines_read_total"]
        totals.add(OUTCOME)
        assert scraped(port)["xray_grafana_alb_lines_read_total"] == before + 10


def test_without_an_address_nothing_is_served() -> None:
    with serving(None, Totals()) as port:
        assert port is None


def test_the_port_is_free_again_afterwards() -> None:
    with serving("127.0.0.1:0", Totals()) as port:
        assert port is not None
    with pytest.raises(urllib.error.URLError):
        scraped(port)
    with serving(f"127.0.0.1:{port}", Totals()):
        pass


def test_a_loopback_address_is_heard_nowhere_else() -> None:
    with serving("127.0.0.1:0", Totals()) as port:
        assert port is not None
        with pytest.raises(urllib.error.URLError):
            scraped(port, "127.0.0.2")
    with serving("0.0.0.0:0", Totals()) as port:
        assert port is not None
        assert scraped(port, "127.0.0.2")


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_written_in_brackets() -> None:
    with serving("[::1]:0", filled()) as port:
        assert port is not None
        assert scraped(port, "[::1]")["xray_grafana_alb_lines_read_total"] == 10


@pytest.mark.parametrize(
    "address", ["", ":9090", "9090", "localhost", "127.0.0.1:", "127.0.0.1:http", "h:65536", "h:-1", "h:٣", "h:" + "9" * 5000]
)
def test_what_is_no_address_is_a_mistake(address: str) -> None:
    with pytest.raises(UsageError, match="not an address to serve metrics at") as caught, serving(address, Totals()):
        pass

    assert caught.value.hint == "write HOST:PORT, such as 127.0.0.1:9090"


def test_a_port_that_is_taken_is_a_mistake() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UsageError) as caught, serving(address, Totals()):
            pass

    assert caught.value.summary == f"metrics cannot be served at {address}: Address already in use"


@pytest.mark.parametrize("host", ["192.0.2.1", "a" * 70, "no such host"])
def test_a_host_that_is_not_this_machine_is_a_mistake(host: str) -> None:
    with pytest.raises(UsageError, match="metrics cannot be served at"), serving(f"{host}:0", Totals()):
        pass
