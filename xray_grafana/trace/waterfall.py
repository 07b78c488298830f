"""A trace as lines for a terminal: spans as a tree with bars, what went wrong in them, and log lines beneath them.

    span                                start   took
    storefront (ECS::Container) fault     0ms  1.20s ██████████████████
    ├ → cart 200 GET /items              50ms  100ms  █
    └ → payments fault 502 POST /pay    200ms  1.00s    ███████████████
      exception Timeout: no answer in 1 s

Everything of a trace or a log line was written by somebody else and passes `Look.legible`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from xray_grafana.alb.logfmt import logfmt
from xray_grafana.trace.details import (
    UNNAMED_EXCEPTION,
    annotations_of,
    call_of,
    is_inferred,
    origin_of,
    request_of,
    words_of,
)
from xray_grafana.trace.heading import alb_lines, heading, offset_text
from xray_grafana.trace.lines import LINES_MAX, NANOS_PER_SECOND, Lines, LogLine
from xray_grafana.trace.look import Line, Look, Piece, Tone, tone_of
from xray_grafana.trace.placing import placed
from xray_grafana.trace.text import one_line, seconds, width_of
from xray_grafana.trace.trace import Trace
from xray_grafana.trace.wording import worded
from xray_grafana.xray.calls import is_call
from xray_grafana.xray.outcome import exceptions_of, flags_of, seconds_of
from xray_grafana.xray.spans import Span

_TIME_WIDTH: Final = 6
# Two times and the three blanks between the columns.
_FIXED_WIDTH: Final = 2 * _TIME_WIDTH + 3
_BAR_LEAST: Final = 6
_BAR_MOST: Final = 60
# With less room than that a name or a request says nothing.
_NAME_LEAST: Final = 8
_UNIT: Final = 2
# Times are seconds since 1970 as floats, to some tenths of a microsecond: a bar may begin that little before its column.
_CELL_SLACK: Final = 0.001
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class _Row(NamedTuple):
    """A span, the tree in front of its name, and in front of the lines beneath it."""

    span: Span
    prefix: str
    below: str


def waterfall(trace: Trace, lines: Lines | None, look: Look) -> Iterator[Line]:
    """Every line. `lines`: what Loki has, None when it was not asked."""
    yield from heading(trace, look)
    yield ()
    for alb in lines.alb if lines is not None else ():
        yield from alb_lines(alb, trace, look)
    rows = [row for top in trace.roots for row in _rows(top, look)]
    lost = [row for top in trace.orphans for row in _rows(top, look)]
    logs = {} if lines is None else placed(lines.logs, trace)
    table = _Table(trace, look, [*rows, *lost], logs)
    yield table.title()
    for row in rows:
        yield from table.lines(row)
    if lost:
        yield from look.wrapped("without their parent, which is not in X-Ray (yet):", "note")
    for row in lost:
        yield from table.lines(row)
    if lines is not None:
        yield from _log_notes(lines, look)


class _Table:
    """The rows of one trace in columns that all of them share."""

    def __init__(self, trace: Trace, look: Look, rows: Iterable[_Row], logs: Mapping[Span, tuple[LogLine, ...]]) -> None:
        self._trace = trace
        self._look = look
        self._logs = logs
        self._annotations = _annotations(trace.spans())
        self._start = trace.start
        self._length = trace.last - trace.start
        longest = max((width_of(row.prefix) + _wanted(row.span, look) for row in rows), default=0)
        room = look.width - _FIXED_WIDTH
        self._left = min(max(longest, len("span")), room - max(_BAR_LEAST, look.width // 4))
        self._bar = min(_BAR_MOST, room - self._left)

    def title(self) -> Line:
        """The names of the columns."""
        return (Piece(f"{'span':{self._left}} {'start':>{_TIME_WIDTH}} {'took':>{_TIME_WIDTH}}", "strong"),)

    def lines(self, row: _Row) -> Iterator[Line]:
        """The span's own line, and what stands beneath it."""
        span, look = row.span, self._look
        tone = tone_of(flags_of(span.document))
        left, rest = self._left_of(row)
        length = seconds_of(span)
        took = "" if length is None else seconds(length)
        times = f" {seconds(span.start - self._start) if span.start > 0 else '?':>{_TIME_WIDTH}} {took:>{_TIME_WIDTH}}"
        padding = " " * (self._left - sum(width_of(piece.text) for piece in left))
        bar = self._bar_of(span)
        yield ((*left, Piece(f"{padding}{times} {' ' * bar[0]}"), Piece(bar[1], tone)) if bar[1] else (*left, Piece(padding + times)))
        below = self._squeezed(row.below)
        if rest:
            yield look.fitted((Piece(below), *rest))
        if span in self._annotations:
            yield look.fitted((Piece(f"{below}annotations "), Piece(look.legible(self._annotations[span]))))
        for raised in exceptions_of(span.document):
            name = raised.name or UNNAMED_EXCEPTION
            text = one_line(f"{name}: {raised.message}" if raised.message else name)
            yield look.fitted((Piece(f"{below}exception "), Piece(look.legible(text), tone)))
        folded = _folded(span)
        for each in (span, *((folded,) if folded else ())):
            for line in self._logs.get(each, ()):
                yield look.fitted((Piece(f"{below}log "), Piece(look.legible(self._log_text(line, span)))))

    def _left_of(self, row: _Row) -> tuple[list[Piece], list[Piece]]:
        """The pieces of the first column, and those that go beneath because there is no room for them."""
        look = self._look
        prefix = self._squeezed(row.prefix)
        arrow, name, kind, words, details = _parts(row.span, look)
        tone = tone_of(flags_of(row.span.document))
        room = self._left - width_of(prefix) - width_of(arrow)
        beneath = [Piece(f"{words} ", tone), Piece(details)] if words else [Piece(details)]
        if words and room - len(words) - 1 < min(_NAME_LEAST, width_of(name)):
            return [Piece(prefix + arrow), Piece(look.cut(name, room), _name_tone(row.span))], beneath
        room -= len(words) + 1 if words else 0
        shown = look.cut(name, room)
        room -= width_of(shown)
        pieces = [Piece(prefix + arrow), Piece(shown, _name_tone(row.span))]
        least = min(width_of(details) + 1, _NAME_LEAST) if details else 0
        if kind and width_of(kind) + least < room:
            pieces.append(Piece(f" {kind}"))
            room -= width_of(kind) + 1
        if words:
            pieces += [Piece(" "), Piece(words, tone)]
        if details and least <= room:
            pieces.append(Piece(f" {look.cut(details, room - 1)}"))
        return pieces, []

    def _squeezed(self, prefix: str) -> str:
        """The tree in at most half of the column: of a deep one only the last levels are drawn."""
        most = self._left // 2
        if len(prefix) <= most:
            return prefix
        mark = f"{self._look.glyphs.ellipsis} "
        kept = max(0, most - len(mark)) // _UNIT * _UNIT
        return mark + prefix[len(prefix) - kept :]

    def _bar_of(self, span: Span) -> tuple[int, str]:
        """Blanks before the bar, and the bar: at least one cell; none for a span whose start is not known."""
        if span.start <= 0:
            return 0, ""
        end = self._trace.last if span.end is None else span.end
        scale = self._bar / self._length if self._length > 0 else 0.0
        first = min(self._bar - 1, int((span.start - self._start) * scale + _CELL_SLACK))
        cells = max(1, min(self._bar, round((end - self._start) * scale)) - first)
        return first, (self._look.glyphs.running if span.end is None else self._look.glyphs.bar) * cells

    def _log_text(self, line: LogLine, span: Span) -> str:
        offset = offset_text(line.time_ns / NANOS_PER_SECOND - self._start)
        who = f"{line.service}: " if line.service is not None and line.service != span.name else ""
        return f"{offset} {who}{worded(line.text)}"


def _rows(top: Span, look: Look) -> Iterator[_Row]:
    """Of the tree in front of a span only as much is kept as a line can hold: a chain of spans would need its length squared."""
    glyphs = look.glyphs
    most = look.width // _UNIT * _UNIT
    blank = " " * _UNIT
    pending = [(top, "", "")]
    while pending:
        span, prefix, guides = pending.pop()
        children = [] if _folded(span) else span.children
        yield _Row(span, prefix, guides + (glyphs.guide if children else blank))
        last = len(children) - 1
        pending += reversed(
            [
                (
                    child,
                    (guides + (glyphs.last if index == last else glyphs.branch))[-most:],
                    (guides + (blank if index == last else glyphs.guide))[-most:],
                )
                for index, child in enumerate(children)
            ]
        )


def _folded(span: Span) -> Span | None:
    """The segment that X-Ray made up from this call and that says no more than the call itself."""
    if is_call(span) and len(span.children) == 1:
        child = span.children[0]
        if child.is_segment and is_inferred(child) and not child.children:
            return child
    return None


def _wanted(span: Span, look: Look) -> int:
    arrow, *parts = _parts(span, look)
    return width_of(arrow) + sum(width_of(part) + 1 for part in parts if part) - 1


def _parts(span: Span, look: Look) -> tuple[str, str, str, str, str]:
    """Arrow of a call, name, type in parentheses, words, and what was asked."""
    folded = _folded(span)
    origin = origin_of(folded or span)
    kinds = [look.legible(origin.removeprefix("AWS::"))] if origin is not None and (span.is_segment or folded) else []
    if is_inferred(span):
        kinds.append("inferred")
    arrow = f"{look.glyphs.arrow} " if is_call(span) else ""
    name = look.legible(span.name) or "(no name)"
    return arrow, name, f"({', '.join(kinds)})" if kinds else "", " ".join(words_of(span)), look.legible(_details(span))


def _name_tone(span: Span) -> Tone:
    return "strong" if span.is_segment and not is_inferred(span) else "plain"


def _details(span: Span) -> str:
    request = request_of(span)
    status = "" if request.status is None else str(request.status)
    url = "" if request.url is None else (_ADDRESS.sub("", request.url, count=1) or "/")
    return one_line(" ".join(part for part in (status, request.method or "", url, call_of(span) or "") if part))


def _annotations(spans: Iterable[Span]) -> Mapping[Span, str]:
    """What is written beneath each segment and each top: its pairs and those of the subsegments in it, every pair where it comes first."""
    found: dict[Span, list[str]] = {}
    known: set[str] = set()
    for span in spans:
        for key, value in annotations_of(span):
            pair = logfmt({key: str(value).lower() if isinstance(value, bool) else value})
            if pair not in known:
                known.add(pair)
                found.setdefault(span.segment or span, []).append(pair)
    return {span: " ".join(pairs) for span, pairs in found.items()}


def _log_notes(lines: Lines, look: Look) -> Iterator[Line]:
    if not lines.alb:
        yield from look.wrapped("note: Loki has no load-balancer line of this trace (yet)", "note")
    if not lines.logs:
        yield from look.wrapped("note: Loki has no log line that holds this id", "note")
    if lines.is_cut:
        yield from look.wrapped(f"note: only the first {LINES_MAX} log lines are shown", "note")
