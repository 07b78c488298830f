"""The totals as Prometheus reads them, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from xray_grafana.alb.totals import Totals
from xray_grafana.contract import SHIPPER_COUNTS
from xray_grafana.errors import UsageError

_PREFIX: Final = "xray_grafana_alb"
_HINT: Final = "write HOST:PORT, such as 127.0.0.1:9090"
_PORT: Final = re.compile(r"[0-9]{1,5}")
_PORT_MAX: Final = 65535


class _TotalsCollector(Collector):
    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        totals = self._totals
        with totals.lock:
            lines = CounterMetricFamily(f"{_PREFIX}_lines", "Lines by what became of them.", labels=["outcome"])
            for name in SHIPPER_COUNTS:
                lines.add_metric([name], getattr(totals.counts, name))
            objects = CounterMetricFamily(f"{_PREFIX}_objects", "Log objects by what became of them.", labels=["result"])
            for result, count in {**totals.objects, "failed": totals.failures}.items():
                objects.add_metric([result], count)
            singles: tuple[tuple[str, str, float], ...] = (
                ("lines_read", "Lines read: the sum of all outcomes.", totals.counts.read),
                ("read_bytes", "Uncompressed bytes read.", totals.read_bytes),
                ("sent_bytes", "Compressed bytes pushed, retries included.", totals.sent_bytes),
                ("pushes", "Pushes to Loki, retries included.", totals.pushes),
                ("push_retries", "Pushes of bytes that had been pushed before.", totals.retries),
            )
            lag = totals.lag_seconds
        yield lines
        yield objects
        for name, help_, value in singles:
            yield CounterMetricFamily(f"{_PREFIX}_{name}", help_, value=value)
        yield GaugeMetricFamily(f"{_PREFIX}_lag_seconds", "Age of the oldest line of the last object when Loki had it.", value=lag)


@contextmanager
def serving(address: str | None, totals: Totals) -> Iterator[int | None]:
    """Serves /metrics at HOST:PORT while the context lasts, and gives the port; without an address, nothing. Raises UsageError."""
    if address is None:
        yield None
        return
    host, _, port = address.rpartition(":")
    if not host or not _PORT.fullmatch(port) or int(port) > _PORT_MAX:
        raise UsageError(f"not an address to serve metrics at: {address!r}", hint=_HINT)
    registry = CollectorRegistry()
    registry.register(_TotalsCollector(totals))
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except (OSError, UnicodeError) as error:  # the latter for a name that can be none
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"metrics cannot be served at {address}: {reason}", hint=_HINT) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
