"""Board variables. All are single-value: the plugin puts a list into a query as `{a,b}`, which X-Ray does not understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xray_grafana import contract
from xray_grafana.config.models import Config
from xray_grafana.dashboards.targets import LOKI, XRAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A template variable in the current schema; `extra` holds what only its type has."""

    type: str
    name: str
    label: str
    description: str = ""
    extra: Mapping[str, Any]

    def to_json_data(self) -> dict[str, Any]:
        described = {"description": self.description} if self.description else {}
        return {"type": self.type, "name": self.name, "label": self.label, "hide": 0, "skipUrlSync": False, **described, **self.extra}


def _data_source(name: str, label: str, plugin_id: str, current: tuple[str, str]) -> Variable:
    text, uid = current
    extra = {
        "query": plugin_id,
        "regex": "",
        "multi": False,
        "includeAll": False,
        "refresh": 1,
        "options": [],
        "current": {"text": text, "value": uid, "selected": True},
    }
    return Variable(type="datasource", name=name, label=label, extra=extra)


def xray(config: Config) -> Variable:
    """The X-Ray source; switching it moves every panel to another account or region."""
    first = config.xray.sources[0]
    return _data_source("xray", "X-Ray", contract.XRAY_PLUGIN_ID, (first.name, first.uid))


def loki(config: Config) -> list[Variable]:
    """The Loki source, if there is one."""
    if config.logs is None:
        return []
    return [_data_source("loki", "Loki", contract.LOKI_PLUGIN_ID, (config.logs.name, config.logs.uid))]


def cloudwatch(text: str, uid: str) -> Variable:
    """The CloudWatch source."""
    return _data_source("cloudwatch", "CloudWatch", contract.CLOUDWATCH_PLUGIN_ID, (text, uid))


def choice(name: str, label: str, description: str, options: Sequence[tuple[str, str]], *, free_text: bool, chosen: int = 0) -> Variable:
    """A list of (text, value), one of them chosen at first; with `free_text` the reader may type another value."""
    query = ", ".join(_option_text(text, value) for text, value in options)
    listed = [{"text": text, "value": value, "selected": index == chosen} for index, (text, value) in enumerate(options)]
    text, value = options[chosen]
    extra = {
        "query": query,
        "multi": False,
        "includeAll": False,
        "allowCustomValue": free_text,
        "options": listed,
        "current": {"text": text, "value": value, "selected": True},
    }
    return Variable(type="custom", name=name, label=label, description=description, extra=extra)


def _option_text(text: str, value: str) -> str:
    """An option in the form Grafana splits: only commas are escaped, colons never."""
    shown = text if text == value else f"{text} : {value}"
    return shown.replace(",", "\\,")


def text_box(name: str, label: str, description: str) -> Variable:
    """A box to type into, empty at first."""
    empty = {"text": "", "value": "", "selected": True}
    return Variable(
        type="textbox", name=name, label=label, description=description, extra={"query": "", "current": empty, "options": [empty]}
    )


def services_query(name: str, label: str) -> Variable:
    """The services that Application Signals knows: text is the name, value their key attributes as JSON."""
    return _xray_query(name, label, {"queryType": "services", "region": "default", "refId": "services"})


def operations_query(name: str, label: str, service: str) -> Variable:
    """The operations of a service; `service` is its variable."""
    return _xray_query(name, label, {"queryType": "operations", "region": "default", "serviceString": service, "refId": "operations"})


def _xray_query(name: str, label: str, query: dict[str, Any]) -> Variable:
    # refresh 2: asked again when the time range changes; 1 would always ask for the last six hours.
    extra = {
        "datasource": XRAY,
        "query": query,
        "definition": "",
        "refresh": 2,
        "sort": 1,
        "regex": "",
        "multi": False,
        "includeAll": False,
        "current": {},
        "options": [],
    }
    return Variable(type="query", name=name, label=label, extra=extra)


def load_balancer(selector: str) -> Variable:
    """The load balancers whose lines Loki has; All takes every one."""
    extra = {
        "datasource": LOKI,
        "query": {"label": contract.LABEL_LOAD_BALANCER, "refId": "load-balancers", "stream": selector, "type": 1},
        "definition": "",
        "refresh": 2,
        "sort": 1,
        "regex": "",
        "multi": False,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all", "selected": True},
        "options": [],
    }
    return Variable(type="query", name="lb", label="Load balancer", extra=extra)
