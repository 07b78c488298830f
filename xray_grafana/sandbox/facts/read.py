"""One trace read: its documents in, its facts out. Pure; the order of the documents never matters and odd values never raise."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from xray_grafana.sandbox.facts.causes import failure_causes, response_time_causes
from xray_grafana.sandbox.facts.facts import Annotation, Edge, Http, Node, TraceFacts, User, Visit
from xray_grafana.sandbox.facts.nodes import called_node, client_node, is_unanswered, segment_node
from xray_grafana.xray.calls import is_call
from xray_grafana.xray.members import block, storable, text, whole
from xray_grafana.xray.outcome import FINE, Flags, flags_of, seconds_between, seconds_of
from xray_grafana.xray.spans import Span, assemble

# X-Ray Developer Guide, "Segment documents": letters, digits, underscores; full stops since OpenTelemetry's exporter sends them.
# Users of the SDKs report that others are dropped without a word.
_ANNOTATION_KEY: Final = re.compile(r"[A-Za-z0-9_.]+")
_LARGEST: Final = 1e308  # what a double holds
# Milliseconds in the place of seconds are a time that boto3 and Go cannot read: one such segment would hide all others of an answer.
_LATEST: Final = 253_370_764_800.0  # the year 9999, which no time zone makes 10000
_MOST_LINKS: Final = 20  # of a segment (X-Ray Developer Guide, "Linked traces")
_NO_HTTP: Final = Http()


def read_trace(trace_id: str, documents: Sequence[Mapping[str, Any]]) -> TraceFacts:
    """The facts of the trace whose valid segment documents these are.

    Segments marked `inferred` are X-Ray's own additions to a trace that was copied; they are left out and inferred anew.
    """
    tops = assemble([each for each in documents if each.get("inferred") is not True])
    reader = _Reader()
    for top in tops:
        for span in top.walk():
            reader.take(span)
    return reader.facts(trace_id, tops)


class _Reader:
    """What is known so far. `take` must see every parent before its children."""

    def __init__(self) -> None:
        self._start = math.inf
        self._end = -math.inf
        self._is_open = False
        self._visits: list[Visit] = []
        self._edges: list[Edge] = []
        self._numbers: dict[Span, int] = {}  # of visits
        self._nodes: dict[Span, Node] = {}
        self._failed: dict[Span, Flags] = {}
        self._annotations: list[Annotation] = []
        self._users: dict[User, None] = {}
        self._instance_ids: dict[str, None] = {}
        self._zones: dict[str, None] = {}
        self._resource_arns: dict[str, None] = {}

    def take(self, span: Span) -> None:
        """Adds a segment or subsegment."""
        self._start = min(self._start, span.start)
        if span.end is None:
            self._is_open = True
        else:
            self._end = max(self._end, span.end)
        flags = flags_of(span.document)
        if flags is not FINE:
            self._failed[span] = flags
        if span.is_segment:
            self._take_segment(span, flags)
        elif span.segment is not None and is_call(span) and is_unanswered(span):
            self._nodes[span] = called_node(span)
            self._add_visit(span, flags)
            self._add_edge(span.segment, span, span)
        self._take_members(span)

    def facts(self, trace_id: str, tops: Sequence[Span]) -> TraceFacts:
        """All of it. The root is the earliest segment that names no parent."""
        root = next((top for top in tops if not top.orphan), None)
        if self._numbers:
            self._link(trace_id, tops)
        return TraceFacts(
            id=trace_id,
            start=min(max(self._start, 0.0), _LATEST) if tops else 0.0,
            root_start=None if root is None else root.start,
            duration=None if self._is_open or not tops else seconds_between(self._start, self._end),
            response_seconds=None if root is None else seconds_of(root),
            root=None if root is None else self._numbers[root],
            partial=any(top.orphan for top in tops),
            visits=tuple(self._visits),
            edges=tuple(self._edges),
            annotations=tuple(self._annotations),
            users=tuple(self._users),
            instance_ids=tuple(self._instance_ids),
            zones=tuple(self._zones),
            resource_arns=tuple(self._resource_arns),
            fault_causes=failure_causes("fault", self._failed, self._nodes, root),
            error_causes=failure_causes("error", self._failed, self._nodes, root),
            response_time_causes=response_time_causes(root, self._nodes),
        )

    def _take_segment(self, segment: Span, flags: Flags) -> None:
        node = self._nodes[segment] = segment_node(segment)
        self._add_visit(segment, flags)
        caller = segment.parent
        if caller is None:
            if not segment.orphan and segment.end is not None:
                self._add_client(segment, node, flags)
        elif caller.segment is not None:
            if is_call(caller):
                self._add_edge(caller.segment, segment, caller, called_node(caller))
            else:
                self._add_edge(caller.segment, segment, segment)

    def _add_visit(self, span: Span, flags: Flags) -> None:
        http = _http(span.document)
        self._numbers[span] = len(self._visits)
        self._visits.append(
            Visit(
                node=self._nodes[span],
                role="service" if span.is_segment else "inferred",
                root=span.parent is None and not span.orphan,
                outcome=None if span.end is None else flags.outcome,
                fault=flags.fault,
                error=flags.error,
                throttle=flags.throttle,
                response_seconds=seconds_of(span),
                start=span.start,
                end=span.end,
                http=http,
                operation=_operation_of(span, http),
            )
        )

    def _add_client(self, root: Span, node: Node, flags: Flags) -> None:
        self._edges.append(
            Edge(
                caller=len(self._visits),
                callee=self._numbers[root],
                outcome=flags.outcome,
                fault=flags.fault,
                error=flags.error,
                throttle=flags.throttle,
                response_seconds=seconds_of(root),
                alias=None,
                linked=False,
            )
        )
        self._visits.append(
            Visit(
                node=client_node(node),
                role="client",
                root=False,
                outcome=None,
                fault=False,
                error=False,
                throttle=False,
                response_seconds=None,
                start=root.start,
                end=root.end,
                http=_NO_HTTP,
                operation=None,
            )
        )

    def _add_edge(self, caller: Span, callee: Span, measured: Span, alias: Node | None = None, *, linked: bool = False) -> None:
        """`measured`: the span whose numbers the edge bears."""
        flags = self._failed.get(measured, FINE)
        self._edges.append(
            Edge(
                caller=self._numbers[caller],
                callee=self._numbers[callee],
                outcome=None if measured.end is None else flags.outcome,
                fault=flags.fault,
                error=flags.error,
                throttle=flags.throttle,
                response_seconds=seconds_of(measured),
                alias=None if alias == self._nodes[callee] else alias,
                linked=linked,
            )
        )

    def _link(self, trace_id: str, tops: Sequence[Span]) -> None:
        """Edges for links within the trace. Where a link leads to another trace, nothing here knows its node."""
        linking = [span for span in self._numbers if span.is_segment and span.document.get("links")]
        if not linking:
            return
        by_id = {span.id: span for top in tops for span in top.walk()}
        for callee in linking:
            for caller_id in _linked_ids(callee.document["links"], trace_id):
                caller = by_id.get(caller_id)
                if caller is not None and caller not in self._numbers:
                    caller = caller.segment
                if caller is not None and caller is not callee:
                    self._add_edge(caller, callee, callee, linked=True)

    def _take_members(self, span: Span) -> None:
        document = span.document
        visit = None if span.segment is None else self._numbers[span.segment]
        if "annotations" in document:
            for key, value in block(document, "annotations").items():
                if _is_annotation(value) and _ANNOTATION_KEY.fullmatch(key):
                    self._annotations.append(Annotation(key, storable(value) if isinstance(value, str) else value, visit))
        if "user" in document and (name := text(document, "user")):
            self._users[User(name, visit)] = None
        if "resource_arn" in document and (arn := text(document, "resource_arn")):
            self._resource_arns[arn] = None
        aws = document.get("aws")
        if isinstance(aws, dict):
            ec2, ecs = block(aws, "ec2"), block(aws, "ecs")
            for holder, key, found in (
                (ec2, "instance_id", self._instance_ids),
                (ec2, "availability_zone", self._zones),
                (ecs, "container_arn", self._resource_arns),
                (ecs, "task_arn", self._resource_arns),
            ):
                if value := text(holder, key):
                    found[value] = None


def _is_annotation(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, (int, float)) and -_LARGEST < value < _LARGEST)


def _http(document: Mapping[str, Any]) -> Http:
    http = document.get("http")
    if not isinstance(http, dict):
        return _NO_HTTP
    request = block(http, "request")
    return Http(
        url=text(request, "url"),
        method=text(request, "method"),
        status=whole(block(http, "response"), "status"),
        user_agent=text(request, "user_agent"),
        client_ip=text(request, "client_ip"),
    )


def _operation_of(span: Span, http: Http) -> str | None:
    """What was asked: `GET /cart` of a segment with a request, `GetItem` of an inferred AWS service."""
    if not span.is_segment:
        return text(block(span.document, "aws"), "operation")
    return None if http.method is None or http.url is None else f"{http.method} {_path_of(http.url)}"


def _path_of(url: str) -> str:
    """`/cart` of `https://shop.example/cart?item=1`; urllib would refuse odd ones."""
    _, separator, rest = url.partition("://")
    path = rest.partition("/")[2] if separator else url.removeprefix("/")
    return "/" + path.partition("?")[0].partition("#")[0]


def _linked_ids(links: object, trace_id: str) -> Iterator[str]:
    if isinstance(links, list):
        for each in links[:_MOST_LINKS]:
            if isinstance(each, dict) and each.get("trace_id") == trace_id and (caller_id := text(each, "id")):
                yield caller_id
