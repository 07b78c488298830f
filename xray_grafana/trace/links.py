"""Where a trace is seen in Grafana: config and trace in, address of its board out."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from xray_grafana.config.models import Config, XRaySource, source_region
from xray_grafana.dashboards.links import SLUGS, board_uid
from xray_grafana.trace.trace import MARGIN_SECONDS, Trace

_MILLIS_PER_SECOND: Final = 1000
_BOARD: Final = "trace"


def board_url(config: Config, trace: Trace, region: str | None) -> str | None:
    """The trace board with the id, the data sources and the trace's time; None when the config does not say where Grafana is.

    The X-Ray source is the first that reads that region, else the first.
    """
    if config.grafana.public_url is None:
        return None
    query = {"var-traceId": trace.id.xray, "var-xray": _source(config, region).uid}
    if config.logs is not None:
        query["var-loki"] = config.logs.uid
    query["from"] = str(max(0, int((trace.start - MARGIN_SECONDS) * _MILLIS_PER_SECOND)))
    query["to"] = str(int((trace.last + MARGIN_SECONDS) * _MILLIS_PER_SECOND))
    return f"{config.grafana.public_url.rstrip('/')}/d/{board_uid(config, _BOARD)}/{SLUGS[_BOARD]}?{urlencode(query)}"


def _source(config: Config, region: str | None) -> XRaySource:
    sources = config.xray.sources
    return next((source for source in sources if source_region(config, source) == region), sources[0])
