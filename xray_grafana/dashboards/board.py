"""What every board has in common: its frame, its way to the other boards, its banner and its advice for when nothing shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from grafanalib import core as G  # noqa: N812 - grafanalib's own convention

from xray_grafana import contract
from xray_grafana.config.models import Config, Logs
from xray_grafana.dashboards import variables
from xray_grafana.dashboards.layout import Layout, Section, band, place, section
from xray_grafana.dashboards.links import WITHOUT_LOKI, Links, board_uid
from xray_grafana.dashboards.normalise import Json, normalise
from xray_grafana.dashboards.panels import row, text
from xray_grafana.dashboards.signals import LogSignals, TraceSignals, log_signals, trace_signals
from xray_grafana.dashboards.targets import grafana_class
from xray_grafana.dashboards.variables import Variable

_BANNER_ID: Final = 900
_ADVICE_ROW_ID: Final = 901
_ADVICE_ID: Final = 902
_REFRESH_CHOICES: Final = ("10s", "30s", "1m", "5m", "15m", "30m", "1h")
_SHARED_CROSSHAIR: Final = 1


@grafana_class
class Board(G.Dashboard):
    """A grafanalib dashboard that writes itself in Grafana's current schema."""

    def to_json_data(self) -> Json:
        return normalise(super().to_json_data())


@dataclass(frozen=True)
class Kit:
    """What board modules build from: the config and what is derived from it once."""

    config: Config

    @cached_property
    def links(self) -> Links:
        return Links(self.config)

    @cached_property
    def traces(self) -> TraceSignals:
        return trace_signals(self.config.alerts)

    @cached_property
    def logs(self) -> LogSignals:
        return log_signals(self.config.alerts)

    @property
    def loki(self) -> Logs:
        """The Loki section, for boards and rows that exist only with it."""
        if self.config.logs is None:
            raise ValueError("a panel of logs was asked for in a bundle without Loki")
        return self.config.logs

    @property
    def slow_seconds(self) -> float:
        """From which duration on a trace counts as slow where no service is chosen."""
        return self.config.alerts.latency_seconds

    def board(
        self,
        suffix: str,
        title: str,
        answers: str,
        layout: Layout,
        *,
        own_variables: Sequence[Variable] = (),
        advice: str,
        refreshes: bool = True,
        default_range: str | None = None,
    ) -> Board:
        """A board of this bundle. `answers` is its question, `advice` what to check when it shows nothing."""
        grafana = self.config.grafana
        loki = [] if suffix in WITHOUT_LOKI else variables.loki(self.config)
        return Board(
            title=title,
            uid=board_uid(self.config, suffix),
            description=answers,
            tags=sorted({bundle_tag(self.config), *grafana.tags}),
            editable=False,
            schemaVersion=contract.SCHEMA_VERSION,
            version=1,
            graphTooltip=_SHARED_CROSSHAIR,
            timezone="browser",
            time=G.Time(f"now-{default_range or grafana.default_range}", "now"),
            timePicker=G.TimePicker(refreshIntervals=list(_REFRESH_CHOICES), timeOptions=[]),
            refresh=(grafana.refresh or "") if refreshes else "",
            templating=G.Templating(list=[variables.xray(self.config), *loki, *own_variables]),
            links=[_to_other_boards(self.config)],
            panels=place([*self._banner(), *layout, _advice(advice)]),
        )

    def _banner(self) -> Layout:
        if not self.config.xray.transaction_search:
            return []
        words = (
            "**Transaction Search is on in this account.** These boards read the X-Ray API, which knows only the traces that were indexed "
            "(1 % of spans unless you changed it); all spans are in CloudWatch Logs, group `aws/spans`."
        )
        description = (
            "Why counts here are lower than in Transaction Search. Raise the indexing rate in the X-Ray settings if that is too few."
        )
        return [band(2, (24, text(_BANNER_ID, "Only indexed traces show", description, words)))]


def bundle_tag(config: Config) -> str:
    """The tag by which the boards of one bundle find each other."""
    return f"{config.prefix}-grafana"


def _to_other_boards(config: Config) -> dict[str, Any]:
    return {
        "type": "dashboards",
        "title": "X-Ray boards",
        "tags": [bundle_tag(config)],
        "asDropdown": True,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "The other boards of this bundle, same time range",
        "url": "",
    }


def _advice(words: str) -> Section:
    panel = text(
        _ADVICE_ID, "What to check", "Read this when a panel stays empty or an error sign shows. Start at the top of the list.", words
    )
    return section(row(_ADVICE_ROW_ID, "Nothing to see here? What to check"), band(9, (24, panel)))


CHECK_XRAY: Final = (
    "- **A red sign on every X-Ray panel**: hover over it, it carries the API's own words. `AccessDenied`: the read policy is missing. "
    "`no EC2 IMDS role found`: Grafana needs `GF_PLUGINS_FORWARD_HOST_ENV_VARS=grafana-x-ray-datasource`.\n"
    "- **No data, no error**: widen the range (at most 6 hours), then look at another source in the *X-Ray* drop-down. X-Ray keeps "
    "traces for 30 days and shows new ones after some seconds, statistics after some minutes.\n"
    "- **Fewer requests than expected**: X-Ray counts sampled requests only. The sampling rules of the account decide.\n"
)
CHECK_LOKI: Final = (
    "- **No log lines**: ALB lines arrive 2 to 10 minutes late, by way of S3. Then compare the selectors in the panel with the labels "
    "of your Loki, and look at *X-Ray / Pipeline health*.\n"
)
