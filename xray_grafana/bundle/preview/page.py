"""The preview page: every board drawn to scale, in one file that needs neither a Grafana nor a network.

Names and queries come from other people's systems, so the template escapes everything and the page's own policy lets no script run
but the one whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.bundle.preview.alerts import AlertRow, read_alerts
from xray_grafana.bundle.preview.board_map import BoardMap, Edge, Stop, lay_out
from xray_grafana.bundle.preview.boards import Board, read_board
from xray_grafana.bundle.preview.fields import text
from xray_grafana.bundle.preview.sources import Source, read_sources

PREVIEW_PATH: Final = "preview.html"

_PACKAGE: Final = "xray_grafana.bundle"
_ALERTS: Final = "alerts"


def build_preview(
    name: str, dashboards: Sequence[tuple[str, Document]], datasources: Document | None, alerting: Document | None
) -> Artifact:
    """The page for a bundle: `name` is what is observed, `dashboards` are paths and documents in the order of the navigation.

    Data sources and alert rules are given as their provisioning documents; None leaves their section out.
    """
    titles = {text(document, "uid", default=path): text(document, "title", default="Untitled board") for path, document in dashboards}
    boards = tuple(read_board(path, document, titles) for path, document in dashboards)
    sources = () if datasources is None else read_sources(datasources, titles)
    alerts = () if alerting is None else read_alerts(alerting, boards)
    script = _part("preview.js")
    environment = Environment(
        loader=PackageLoader(_PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    html = environment.get_template("preview.html.j2").render(
        name=name,
        boards=boards,
        sources=sources,
        has_sources=datasources is not None,
        alerts=alerts,
        has_alerts=alerting is not None,
        map=draw_map(boards, alerts, sources),
        policy=content_policy(script),
        style=Markup(_part("preview.css")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
    )
    return Artifact(PREVIEW_PATH, Format.TEXT, html)


def _part(filename: str) -> str:
    """A file that goes into the page as it is."""
    return (files(_PACKAGE) / "templates" / filename).read_text(encoding="utf-8")


def content_policy(script: str) -> str:
    """A Content-Security-Policy that allows this one script, inline styles and nothing from anywhere."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def draw_map(boards: Sequence[Board], alerts: Sequence[AlertRow], sources: Sequence[Source]) -> BoardMap:
    """Which board leads to which, with the ways in from alert rules and from a data source's own links. Dead links are not drawn."""
    known = {board.uid: board.anchor for board in boards}
    links: dict[Edge, int] = {}

    def add(origin: str, uid: str | None, count: int = 1) -> None:
        if uid in known:
            edge = (origin, known[uid])
            links[edge] = links.get(edge, 0) + count

    for row in alerts:
        if row.panel is not None and row.panel.anchor is not None:
            add(_ALERTS, row.panel.uid, row.count)
    for source in sources:
        for lead in source.leads:
            if lead.link is not None:
                add(source.anchor, lead.link.uid)
    for board in boards:
        for link in board.links:
            add(board.anchor, link.uid)

    leading = {origin for origin, _ in links}
    stops = [Stop(_ALERTS, "Alert rules", _counted(sum(row.count for row in alerts), "rule"), "source")] if _ALERTS in leading else []
    stops += [Stop(source.anchor, source.name, "data source", "source") for source in sources if source.anchor in leading]
    stops += [Stop(board.anchor, board.title, _counted(len(board.panels), "panel"), "board") for board in boards]
    return lay_out(stops, links)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
