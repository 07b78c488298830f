from __future__ import annotations

from tests.trace.traces import NS, START, checkout, made, segment, span
from xray_grafana.trace.lines import LogLine
from xray_grafana.trace.placing import placed
from xray_grafana.trace.trace import Trace

TRACE = made(*checkout())


def spans_of(trace: Trace, *lines: LogLine) -> list[str]:
    """The id of the span that each line came to stand beneath."""
    found = {line: span.id.lstrip("0") for span, own in placed(lines, trace).items() for line in own}
    return [found[line] for line in lines]


def line(offset: float, service: str | None, span_id: str | None = None) -> LogLine:
    return LogLine(START * NS + round(offset * NS), service, span_id, f"at {offset}")


def test_the_shortest_span_of_the_service_that_runs_at_that_time_takes_a_line() -> None:
    assert spans_of(TRACE, line(0.05, "storefront"), line(0.2, "storefront"), line(0.51, "payments"), line(0.7, "Payments")) == [
        "1",
        "2",
        "5",
        "4",
    ]


def test_outside_of_all_spans_the_nearest_takes_it() -> None:
    assert spans_of(TRACE, line(-2, "payments"), line(3, "payments"), line(3, "storefront")) == ["5", "4", "3"]


def test_a_span_id_counts_more_than_service_and_time() -> None:
    assert spans_of(TRACE, line(0.05, "storefront", f"{4:016x}"), line(0.05, "storefront", "feedfeedfeedfeed")) == ["4", "1"]


def test_lines_of_others_stand_beneath_the_root_and_inferred_segments_write_none() -> None:
    assert spans_of(TRACE, line(0.5, "mailer"), line(0.5, None), line(0.51, "charges")) == ["1", "1", "1"]


def test_without_a_root_they_stand_beneath_the_first_span() -> None:
    orphans = made(segment(8, "late", 0.5, 1, parent_id="f" * 16), segment(7, "early", 0, 0.2, parent_id="f" * 16))
    assert spans_of(orphans, line(0.6, "mailer")) == ["7"]


def test_a_running_span_takes_later_lines() -> None:
    running = made(segment(1, "shop", 0, None, subsegments=[span(2, "step", 0, 0.5)]))
    assert spans_of(running, line(0.2, "shop"), line(60, "shop")) == ["2", "1"]
