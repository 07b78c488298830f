"""What the rules look at: config and bundle, indexed once.

A document is known by its path: `dashboards/*.json`, `provisioning/datasources/*.yaml` (texts as in the file, `$$` for `$`),
`provisioning/alerting/*.yaml`, `provisioning/dashboards/*.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Bundle, Document
from xray_grafana.checks.boards import Board, Panel, Target, read_board
from xray_grafana.checks.documents import Leaf, Path, document_at, documents_at, leaves, pointer, text_at, value_at
from xray_grafana.checks.rule import Place
from xray_grafana.config.models import Config

_REFERENCE: Final = r"\$__(?:env|file)\{[^{}]*\}"
_URL_KEYS: Final = frozenset({"url", "href"})
_URL_IN_TEXT: Final = re.compile(r"""[^\s"'<>()\[\]]*/d/[^\s"'<>)\]]+""")
# A key of a group lies below the list of groups, a key of a rule below the list of rules in it.
_GROUP_KEY_DEPTH: Final = 3
_RULE_KEY_DEPTH: Final = 5
_ESCAPED: Final = re.compile(r"\$\$")


@dataclass(frozen=True, eq=False)
class DataSource:
    """One provisioned data source, as it stands in its file."""

    content: Document
    place: Place

    @property
    def uid(self) -> str:
        """What boards and rules know it by; empty when there is none."""
        return text_at(self.content, "uid")

    @property
    def type(self) -> str:
        """The id of its plugin."""
        return text_at(self.content, "type")

    @property
    def settings(self) -> Document:
        """Its jsonData."""
        return document_at(self.content, "jsonData")

    @property
    def derived_fields(self) -> list[tuple[Place, Document]]:
        """Loki's links out of log lines, each with its place."""
        items = documents_at(self.settings, "derivedFields")
        return [(self.place.within(f"jsonData.derivedFields[{index}]"), item) for index, item in enumerate(items)]

    @property
    def correlations(self) -> list[tuple[Place, Document]]:
        """Its links to other data sources in Explore, each with its place."""
        items = documents_at(self.content, "correlations")
        pointer = self.place.pointer
        return [(Place(self.place.path, f"{pointer}.correlations[{index}]"), item) for index, item in enumerate(items)]


@dataclass(frozen=True, eq=False)
class AlertQuery:
    """One entry of a rule's `data`: a query or an expression."""

    content: Document
    place: Place
    source_type: str

    @property
    def ref_id(self) -> str:
        """The name of the query within its rule."""
        return text_at(self.content, "refId")

    @property
    def source_uid(self) -> str:
        """The data source it asks."""
        return text_at(self.content, "datasourceUid")

    @property
    def model(self) -> Document:
        """The query itself, as its plugin knows it."""
        return document_at(self.content, "model")

    @property
    def is_expression(self) -> bool:
        """Whether Grafana computes it from other queries."""
        return self.source_uid == contract.EXPRESSION_DATASOURCE_UID

    @property
    def is_xray(self) -> bool:
        """Whether the X-Ray plugin answers it."""
        return self.source_type == contract.XRAY_PLUGIN_ID


@dataclass(frozen=True, eq=False)
class AlertRule:
    """One provisioned alert rule, with the folder and group it lies in."""

    content: Document
    place: Place
    folder: str
    group: str
    queries: tuple[AlertQuery, ...]

    @property
    def uid(self) -> str:
        """What Grafana knows the rule by; empty when there is none."""
        return text_at(self.content, "uid")

    @property
    def expressions(self) -> tuple[AlertQuery, ...]:
        """Those of its queries that Grafana computes."""
        return tuple(query for query in self.queries if query.is_expression)


@dataclass(frozen=True, eq=False)
class XRayQuery:
    """A query for the X-Ray plugin, on a board (`panel` and `board` are set) or in an alert rule."""

    content: Document
    place: Place
    kind: str
    panel: Panel | None = None
    board: Board | None = None


class Link(NamedTuple):
    """A link to a board by its uid. `needs_time`: it is clicked on a board or log line, and only its url can carry the time range."""

    url: str
    uid: str
    place: Place
    needs_time: bool


@dataclass(frozen=True, eq=False)
class Context:
    """A config and the bundle made of it, with everything the rules iterate over."""

    config: Config
    bundle: Bundle

    def _documents(self, folder: str, ending: str) -> Iterator[Artifact]:
        for artifact in self.bundle:
            if artifact.path.startswith(folder) and artifact.path.endswith(ending) and not isinstance(artifact.content, str):
                yield artifact

    @cached_property
    def leaves(self) -> list[tuple[Place, Leaf]]:
        """Every text and null of every document of the bundle, with the panel, board or file it belongs to."""
        boards = {board.path for board in self.boards}
        others = [artifact for artifact in self.bundle if artifact.path not in boards and not isinstance(artifact.content, str)]
        return [
            *((place, leaf) for board in self.boards for place, _, leaf in board.located_leaves),
            *((Place(artifact.path, ""), leaf) for artifact in others for leaf in leaves(artifact.document)),
        ]

    @cached_property
    def datasource_files(self) -> tuple[Artifact, ...]:
        """Files of data sources."""
        return tuple(self._documents("provisioning/datasources/", ".yaml"))

    @cached_property
    def alert_files(self) -> tuple[Artifact, ...]:
        """Files of alert rules."""
        return tuple(self._documents("provisioning/alerting/", ".yaml"))

    @cached_property
    def provider_files(self) -> tuple[Artifact, ...]:
        """Files that say where Grafana finds the boards."""
        return tuple(self._documents("provisioning/dashboards/", ".yaml"))

    @cached_property
    def datasources(self) -> tuple[DataSource, ...]:
        """Every data source."""
        return tuple(
            DataSource(content, Place(artifact.path, f"datasources[{index}]"))
            for artifact in self.datasource_files
            for index, content in enumerate(documents_at(artifact.document, "datasources"))
        )

    @cached_property
    def datasource_types(self) -> Mapping[str, str]:
        """The type of each data source by its uid."""
        return {source.uid: source.type for source in self.datasources if source.uid}

    @cached_property
    def boards(self) -> tuple[Board, ...]:
        """Every dashboard, in the order of their paths."""
        return tuple(
            read_board(artifact.document, artifact.path, self.datasource_types) for artifact in self._documents("dashboards/", ".json")
        )

    @cached_property
    def board_by_uid(self) -> Mapping[str, Board]:
        """Each dashboard by its uid, the first of those that share one."""
        return {board.uid: board for board in reversed(self.boards) if board.uid}

    @cached_property
    def panels(self) -> tuple[tuple[Board, Panel], ...]:
        """Every panel that is no row, with its board."""
        return tuple((board, panel) for board in self.boards for panel in board.panels if not panel.is_row)

    @cached_property
    def targets(self) -> tuple[tuple[Board, Panel, Target], ...]:
        """Every target with its panel and board."""
        return tuple((board, panel, target) for board, panel in self.panels for target in panel.targets)

    @cached_property
    def alert_rules(self) -> tuple[AlertRule, ...]:
        """Every alert rule, in the order of its file."""
        return tuple(rule for artifact in self.alert_files for rule in self._alert_rules(artifact))

    def _alert_rules(self, artifact: Artifact) -> Iterator[AlertRule]:
        for group in documents_at(artifact.document, "groups"):
            for content in documents_at(group, "rules"):
                place = Place(artifact.path, f'rule {text_at(content, "uid") or "?"} "{text_at(content, "title")}"')
                queries = tuple(self._alert_query(query, place) for query in documents_at(content, "data"))
                yield AlertRule(content, place, text_at(group, "folder"), text_at(group, "name"), queries)

    def _alert_query(self, content: Document, place: Place) -> AlertQuery:
        uid = text_at(content, "datasourceUid")
        source_type = self.datasource_types.get(uid, "") or text_at(content, "model", "datasource", "type")
        return AlertQuery(content, place.within(f"query {text_at(content, 'refId') or '?'}"), source_type)

    @cached_property
    def alert_queries(self) -> tuple[tuple[AlertRule, AlertQuery], ...]:
        """Every alert query that is no expression, with its rule."""
        return tuple((rule, query) for rule in self.alert_rules for query in rule.queries if not query.is_expression)

    @cached_property
    def xray_queries(self) -> tuple[XRayQuery, ...]:
        """Every query for the X-Ray plugin, of boards and of alert rules."""
        drawn = (
            XRayQuery(target.content, target.place, target.kind, panel, board) for board, panel, target in self.targets if target.is_xray
        )
        alerting = (
            XRayQuery(query.model, query.place, text_at(query.model, "queryType")) for _, query in self.alert_queries if query.is_xray
        )
        return (*drawn, *alerting)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every link to a board: a path that begins with /d/, alone, behind Grafana's public address, or in a text."""
        prefix = (self.config.grafana.public_url or "").rstrip("/")
        path = re.compile(rf"(?:{re.escape(prefix)})?/d/([^/?#\s]+)")
        return tuple(Link(url, match[1], place, needs_time) for url, place, needs_time in self._urls() if (match := path.match(url)))

    def _urls(self) -> Iterator[tuple[str, Place, bool]]:
        for board in self.boards:
            for place, panel, leaf in board.located_leaves:
                if leaf.value and "/d/" in leaf.value:
                    is_url = leaf.path[-1] in _URL_KEYS
                    keeps_time = panel is None and value_at(board.content, *leaf.path[:-1], "keepTime") is True
                    for url in [leaf.value] if is_url else _URL_IN_TEXT.findall(leaf.value):
                        yield url, place.within(pointer(leaf.path)), is_url and not keeps_time
        for source in self.datasources:
            yield from ((as_loaded(text_at(item, "url")), place, True) for place, item in source.derived_fields)
        for alert in self.alert_rules:
            for leaf in leaves(document_at(alert.content, "annotations"), ("annotations",)):
                yield from ((url, alert.place.within(pointer(leaf.path)), False) for url in _URL_IN_TEXT.findall(leaf.value or ""))

    def xray_queries_of(self, *kinds: str) -> Iterator[XRayQuery]:
        """X-Ray queries of these types."""
        return (query for query in self.xray_queries if query.kind in kinds)


def is_expanded(path: Path) -> bool:
    """Whether Grafana expands a dollar at this place of an alerting file: folder and name of a group, title and receiver of a rule.

    Source: Grafana pkg/services/provisioning/alerting/rules_types.go; that annotations and models are left alone was seen.
    """
    return (
        (path[-1] in {"folder", "name"} and len(path) == _GROUP_KEY_DEPTH)
        or (path[-1] == "title" and len(path) == _RULE_KEY_DEPTH)
        or path[-2:] == ("notification_settings", "receiver")
    )


def as_loaded(text: str) -> str:
    """A text of a data-source file as Grafana hands it on: `$$` is `$`. Source: Grafana pkg/services/provisioning/values/values.go."""
    return _ESCAPED.sub("$", text)


def is_secret_reference(text: str) -> bool:
    """Whether a text is nothing but `$__env{…}` or `$__file{…}`, behind an authorization scheme or not."""
    return re.fullmatch(rf"(?:(?:Bearer|Basic) )?{_REFERENCE}", text) is not None


def without_escapes(text: str) -> str:
    """A text of a provisioning file without what may hold a dollar: `$$` and references to secrets."""
    return re.sub(rf"\$\$|{_REFERENCE}", "", text)
