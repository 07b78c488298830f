"""What stands above the spans: ids, outcome, times and sizes, what is odd about the trace, and who asked the load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xray_grafana.alb.fields import unescaped
from xray_grafana.alb.lines import status_level
from xray_grafana.trace.details import request_of, words_of
from xray_grafana.trace.lines import NANOS_PER_SECOND, AlbLine
from xray_grafana.trace.look import Line, Look, Piece, Tone, tone_of
from xray_grafana.trace.text import counted, moment, seconds
from xray_grafana.trace.trace import Trace
from xray_grafana.xray.outcome import flags_of

_LEVEL_TONES: Final[dict[str, Tone]] = {"error": "fault", "warn": "error"}


def heading(trace: Trace, look: Look) -> Iterator[Line]:
    """Lines that tell of the whole."""
    both = (Piece("Trace "), Piece(trace.id.xray, "strong"), Piece(f" (W3C {trace.id.otel})"))
    if sum(len(piece.text) for piece in both) <= look.width:
        yield both
    else:
        yield (Piece(trace.id.xray, "strong"),)
        yield (Piece(f"W3C {trace.id.otel}"),)
    took = trace.duration
    length = "not over" if took is None else seconds(took)
    sizes = f"{counted(len(trace.segments), 'segment')} of {counted(len(trace.services), 'service')}"
    yield from look.joined([_outcome(trace), Piece(length, "strong"), Piece(moment(trace.start)), Piece(sizes)])
    request = None if trace.root is None else request_of(trace.root)
    if request is not None and request.url is not None:
        yield (Piece(look.cut(look.legible(f"{request.method or '-'} {request.url}"))),)
    for note in _notes(trace):
        yield from look.wrapped(note, "note")


def alb_lines(line: AlbLine, trace: Trace, look: Look) -> Iterator[Line]:
    """Three lines of a load balancer: its answer and whom it asked, what it was asked by whom, and where the time went."""
    access, glyphs = line.access, look.glyphs
    target = "no target" if access.target_ip is None else f"{access.target_ip}:{access.target_port}"
    status = "-" if access.target_status_code is None else str(access.target_status_code)
    way = look.legible(f" {access.elb} ") + f"{glyphs.arrow} " + look.legible(target)
    tone = _LEVEL_TONES.get(status_level(access.elb_status_code), "ok")
    yield look.fitted((Piece("load balancer "), Piece(f"{access.elb_status_code} (target {status})", tone), Piece(way)))
    asked = f"  {access.client_ip or '-'} asked {unescaped(access.request)}"
    yield (Piece(look.cut(look.legible(asked))),)
    offset = access.creation_ns / NANOS_PER_SECOND - trace.start
    times = (access.request_processing_seconds, access.target_processing_seconds, access.response_processing_seconds)
    parts = [f"  at {offset_text(offset)}"]
    parts += [f"{name} {'-' if took is None else seconds(took)}" for name, took in zip(("wait", "target", "reply"), times, strict=True)]
    if access.error_reason is not None:
        parts.append(access.error_reason)
    if access.user_agent is not None:
        parts.append(unescaped(access.user_agent))
    yield (Piece(look.cut(glyphs.dot.join(map(look.legible, parts)))),)


def offset_text(value: float) -> str:
    """Seconds since the trace's start, with a sign."""
    return seconds(value) if value < 0 else f"+{seconds(value)}"


def _outcome(trace: Trace) -> Piece:
    root = trace.root
    if root is None:
        return Piece("no root", "note")
    words, status = words_of(root), request_of(root).status
    shown = [*(words or ["ok"]), *([] if status is None else [str(status)])]
    return Piece(" ".join(shown), tone_of(flags_of(root.document)) if words else "ok")


def _notes(trace: Trace) -> Iterator[str]:
    if trace.open_spans:
        yield f"note: {counted(trace.open_spans, 'span')} in progress"
    if trace.orphans:
        one = len(trace.orphans) == 1
        yield f"note: partial, {counted(len(trace.orphans), 'span')} without {'its' if one else 'their'} parent"
    if trace.limit_exceeded:
        yield "note: too large for X-Ray, segments are missing (LimitExceeded)"
    if trace.unreadable:
        yield f"note: {counted(trace.unreadable, 'document')} could not be read"
