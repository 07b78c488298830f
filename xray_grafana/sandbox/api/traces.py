"""BatchGetTraces: the documents of up to five traces as X-Ray gives them back, one for each segment.

Subsegments that were sent apart are folded into the segment they belong to, and a call that no segment answered gets a segment inferred
from it. Sources: X-Ray Developer Guide, "X-Ray segment documents"; captured answers of X-Ray.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.request import refuse_token, texts
from xray_grafana.sandbox.facts.nodes import RESOURCE_MEMBERS, called_node, is_unanswered
from xray_grafana.sandbox.store.segments import documents_of, is_trace_id
from xray_grafana.xray.calls import is_call
from xray_grafana.xray.members import block
from xray_grafana.xray.spans import Span, assemble

MOST_IDS: Final = 5
# What a subsegment sent apart has beyond an embedded one.
_APART: Final = ("type", "trace_id", "parent_id")
_COPIED: Final = ("fault", "error", "throttle", "http", "sql", "aws")


def batch_get_traces(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """BatchGetTraces. Ids of traces that are not there are left out."""
    ids = texts(request, "TraceIds")
    refuse_token(request)
    if len(ids) > MOST_IDS:
        raise ApiError(f"Exceeding maximum query size: {MOST_IDS}")
    for trace_id in ids:
        if not is_trace_id(trace_id):
            raise ApiError(f"Invalid trace id {trace_id}: incorrect id format")
    if len(set(ids)) < len(ids):
        raise ApiError("Containing duplicate trace ids")
    with context.store.reading() as connection:
        stored = {trace_id: documents_of(connection, trace_id) for trace_id in ids}
    traces = [_trace(trace_id, [json.loads(text) for text in documents]) for trace_id, documents in stored.items() if documents]
    return {"Traces": traces, "UnprocessedTraceIds": [], "NextToken": None}


def _trace(trace_id: str, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    spans = [span for top in assemble(documents) for span in top.walk() if span.segment is not None]
    segments = [span for span in spans if span.is_segment]
    return {
        "Id": trace_id,
        "Duration": _duration(spans),
        "LimitExceeded": False,
        "Segments": [
            *({"Id": each.id, "Document": _folded(each)} for each in segments),
            *({"Id": each["id"], "Document": _text(each)} for each in _inferred(trace_id, spans)),
        ],
    }


def _duration(spans: Sequence[Span]) -> float | None:
    """From the first start to the last end in seconds; None while anything runs and for a trace of orphans alone."""
    latest = 0.0
    for span in spans:
        if span.end is None:
            return None
        latest = max(latest, span.end)
    return round(latest - min(span.start for span in spans), 6) if spans else None


def _folded(segment: Span) -> str:
    """A segment's JSON with all its subsegments in it. Put together from the leaves up: traces sent apart may be deeper than the stack."""
    within = [span for span in segment.walk() if span.segment is segment]
    finished: dict[Span, str] = {}
    for span in reversed(within):
        own = {key: value for key, value in span.document.items() if key != "subsegments"}
        if span is not segment:
            for key in _APART:
                own.pop(key, None)
        children = [finished.pop(child) for child in span.children if child.segment is segment]
        text = _text(_shown(own))
        finished[span] = f'{text[:-1]},"subsegments":[{",".join(children)}]}}' if children else text
    return finished[segment]


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    """Without what X-Ray keeps to itself, and with the names of resources it adds."""
    http: Mapping[str, Any] = block(document, "http")
    asked = block(http, "request")
    if "traced" in asked:
        document["http"] = {**http, "request": {key: value for key, value in asked.items() if key != "traced"}}
    aws = block(document, "aws")
    named = [aws[key] for key in RESOURCE_MEMBERS if isinstance(aws.get(key), str)]
    if named and "resource_names" not in aws and document.get("namespace") == "aws":
        document["aws"] = {**aws, "resource_names": named}
    return document


def _inferred(trace_id: str, spans: Sequence[Span]) -> Iterator[dict[str, Any]]:
    """A segment for each call that nobody answered, under an id that is the same at every reading."""
    for span in spans:
        if is_call(span) and is_unanswered(span):
            own = _shown(dict(span.document))
            document: dict[str, Any] = {
                "id": hashlib.sha256(f"{trace_id} {span.id}".encode()).hexdigest()[:16],
                "name": span.name,
                "start_time": span.start,
                "trace_id": trace_id,
                "end_time": span.end,
                "parent_id": span.id,
                "inferred": True,
                **{key: own[key] for key in _COPIED if key in own},
            }
            if own.get("namespace") == "aws":
                document["origin"] = called_node(span).type
            yield document


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
