"""A demo with everything it writes to: names of places in, a `Demo` that is ready to run out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from xray_grafana.push.client import PushClient
from xray_grafana.push.settings import settings_from
from xray_grafana.sandbox.demo.driver import Demo, DemoSettings, Takes, known_in
from xray_grafana.sandbox.demo.log_push import LogPush
from xray_grafana.sandbox.demo.sinks import open_sink
from xray_grafana.sandbox.store.store import Store


@contextmanager
def opened(
    settings: DemoSettings, ingest: Takes, store: Store, *, alb: str | None, loki: str | None, environ: Mapping[str, str]
) -> Iterator[Demo]:
    """The demo of a sandbox. `alb` is a folder or `s3://bucket/prefix` for log objects, `loki` where log lines go.

    A Loki that the environment alone names is one of the user's own, which the demo has no business in.

    Raises XRayGrafanaError for a place that cannot be.
    """
    with ExitStack() as stack:
        sink = None if alb is None else open_sink(alb, settings.scene.region)
        logs = None
        if loki:
            client = stack.enter_context(PushClient(settings_from(loki, environ)))
            logs = stack.enter_context(LogPush(client))
        yield Demo(settings, ingest, known=known_in(store), sink=sink, logs=logs)
