from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.alb.lines import Fields
from tests.trace.traces import ID, NS, START, checkout, http, made, segment, span
from xray_grafana.alb.access import parse_access
from xray_grafana.trace.lines import AlbLine, Lines, LogLine
from xray_grafana.trace.look import Line, Look
from xray_grafana.trace.text import width_of
from xray_grafana.trace.trace import Trace
from xray_grafana.trace.waterfall import waterfall


def plain_text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def drawn(trace: Trace, width: int = 80, lines: Lines | None = None, encoding: str = "utf-8") -> list[str]:
    return [plain_text(line).rstrip() for line in waterfall(trace, lines, Look(width, encoding))]


def spans_of(*documents: dict[str, Any], width: int = 80, lines: Lines | None = None, encoding: str = "utf-8") -> list[str]:
    """What stands beneath the names of the columns."""
    shown = drawn(made(*documents), width, lines, encoding)
    return shown[next(index for index, line in enumerate(shown) if line.startswith("span ")) + 1 :]


# The longest first column is that of the root, 10 of `storefront` + 17 + 6 + 19 = 52 columns; two times and blanks take 15, the bars get
# the other 53. In it the trace's second: cart from 0.1 * 53 = 5.3 to 15.9, payments from 21.2, its segment from 26.5 to 47.7, the table
# from 26.5 to 27.56. Beginnings are cut off, ends are rounded.
WIDE = f"""\
Trace 1-6aafaea0-0123456789abcdef01234567 (W3C 6aafaea00123456789abcdef01234567)
fault 502 · 1.00s · 2026-09-20 10:00:00.000 UTC · 2 segments of 2 services
POST https://shop.example/checkout

span                                                  start   took
storefront (ECS::Container) fault 502 POST /checkout    0ms  1.00s {"█" * 53}
│ annotations tenant=blue retries=2 beta=true
├ → cart 200 GET /items?full=1                        100ms  200ms {" " * 5}{"█" * 11}
└ → payments fault 502 POST /pay                      400ms  600ms {" " * 21}{"█" * 32}
  │ exception PaymentError: declined by the provider
  └ payments (ECS::Container) fault 502 POST /pay     500ms  400ms {" " * 26}{"█" * 22}
    └ → DynamoDB (DynamoDB::Table) PutItem charges    500ms   20ms {" " * 26}██
"""

# A quarter of 80, 20 columns, for the bars, 15 for the times, 45 for the spans. The bar of 20 ms ends at 10.4 and yet has a cell.
MIDDLE = f"""\
Trace 1-6aafaea0-0123456789abcdef01234567 (W3C 6aafaea00123456789abcdef01234567)
fault 502 · 1.00s · 2026-09-20 10:00:00.000 UTC · 2 segments of 2 services
POST https://shop.example/checkout

span                                           start   took
storefront (ECS::Container) fault 502 POST /…    0ms  1.00s {"█" * 20}
│ annotations tenant=blue retries=2 beta=true
├ → cart 200 GET /items?full=1                 100ms  200ms   ████
└ → payments fault 502 POST /pay               400ms  600ms {" " * 8}{"█" * 12}
  │ exception PaymentError: declined by the provider
  └ payments (ECS::Container) fault 502 POST…  500ms  400ms {" " * 10}{"█" * 8}
    └ → DynamoDB (DynamoDB::Table) PutItem c…  500ms   20ms {" " * 10}█
"""

# 15 columns for bars, 30 for spans: types go before requests do. Cart from 1.5 to 4.5, rounded to the even 4; payments from 6; from 7.5
# to 13.5, rounded to the even 14; from 7.5 to 7.8.
NARROW = f"""\
1-6aafaea0-0123456789abcdef01234567
W3C 6aafaea00123456789abcdef01234567
fault 502 · 1.00s · 2026-09-20 10:00:00.000 UTC
2 segments of 2 services
POST https://shop.example/checkout

span                            start   took
storefront fault 502 POST /ch…    0ms  1.00s {"█" * 15}
│ annotations tenant=blue retries=2 beta=true
├ → cart 200 GET /items?full=1  100ms  200ms  ███
└ → payments fault 502 POST /…  400ms  600ms {" " * 6}{"█" * 9}
  │ exception PaymentError: declined by the provider
  └ payments fault 502 POST /…  500ms  400ms {" " * 7}{"█" * 7}
    └ → DynamoDB PutItem char…  500ms   20ms {" " * 7}█
"""

# 10 columns for bars, 15 for spans: what went wrong has no room behind a name any more and stands beneath it.
NARROWEST = f"""\
1-6aafaea0-0123456789abcdef01234567
W3C 6aafaea00123456789abcdef01234567
fault 502 · 1.00s
2026-09-20 10:00:00.000 UTC
2 segments of 2 services
POST https://shop.example/checkout

span             start   took
storefro… fault    0ms  1.00s {"█" * 10}
│ annotations tenant=blue retries=2 bet…
├ → cart         100ms  200ms  ██
└ → payments     400ms  600ms {" " * 4}{"█" * 6}
  │ fault 502 POST /pay
  │ exception PaymentError: declined by…
  └ payments     500ms  400ms {" " * 5}████
    │ fault 502 POST /pay
    └ → Dynamo…  500ms   20ms {" " * 5}█
"""


@pytest.mark.parametrize(("width", "expected"), [(120, WIDE), (80, MIDDLE), (60, NARROW), (40, NARROWEST)])
def test_a_trace_is_drawn_to_the_width_of_the_terminal(width: int, expected: str) -> None:
    assert drawn(made(*checkout()), width) == expected.splitlines()


def test_a_stream_without_box_drawing_gets_ascii_and_escapes() -> None:
    root = segment(1, "café", 0, 1, subsegments=[span(2, "a", 0, 0.5), span(3, "b", 0.5, None, namespace="remote")])
    shown = drawn(made(root), 60, None, "ascii")
    # "|-a" and "`--> b in progress" (18); the bars get 60 - 15 - 18 = 27: a to 13.5, rounded to the even 14; b from 13.5.
    assert shown[2:] == [
        "ok - not over - 2026-09-20 10:00:00.000 UTC",
        "1 segment of 1 service",
        "note: 1 span in progress",
        "",
        "span                start   took",
        f"caf\\xe9               0ms  1.00s {'#' * 27}",
        f"|-a                   0ms  500ms {'#' * 14}",
        f"`--> b in progress  500ms        {' ' * 13}{'=' * 14}",
    ]


def test_what_went_wrong_is_said_in_words_and_in_a_tone_of_its_own() -> None:
    names = ("fault", "error", "throttle")
    root = segment(9, "shop", 0, 1, subsegments=[span(number, "step", 0, 1, **{name: True}) for number, name in enumerate(names, 1)])
    lines = list(waterfall(made(root), None, Look(80)))[-3:]
    for name, line in zip(names, lines, strict=True):
        assert [piece.text for piece in line if piece.tone == name] == [name, "█" * 50]  # 80 - 15 - 15 of "├ step throttle"
    assert len({piece.tone for line in lines for piece in line}) == 4  # with the plain one


def test_orphans_stand_at_the_end_and_the_reader_is_told() -> None:
    trace = made(
        segment(1, "shop", 0, 1),
        segment(2, "late", 0.5, 1, parent_id="f" * 16, subsegments=[span(3, "step", 0.5, 1)]),
        segment(4, "lost", 0.2, 0.3, parent_id="e" * 16),
        limit_exceeded=True,
        unreadable=2,
    )
    shown = drawn(trace, 60)
    assert shown[4:8] == [
        "note: partial, 2 spans without their parent",
        "note: too large for X-Ray, segments are missing",
        "(LimitExceeded)",
        "note: 2 documents could not be read",
    ]
    # Six columns for "└ step", 60 - 15 - 6 = 39 for the bars.
    assert shown[8:] == [
        "",
        "span    start   took",
        f"shop      0ms  1.00s {'█' * 39}",
        "without their parent, which is not in X-Ray (yet):",
        f"lost    200ms  100ms {' ' * 7}{'█' * 5}",  # 7.8 to 11.7
        f"late    500ms  500ms {' ' * 19}{'█' * 20}",  # 19.5
        f"└ step  500ms  500ms {' ' * 19}{'█' * 20}",
    ]


def test_without_a_root_nothing_is_said_of_its_outcome() -> None:
    orphan = span(1, "charge", 0, 1, type="subsegment", parent_id="f" * 16, trace_id=ID.xray)
    assert drawn(made(orphan))[1] == "no root · 1.00s · 2026-09-20 10:00:00.000 UTC · 0 segments of 0 services"


def test_an_inferred_segment_that_says_more_than_its_call_has_a_line_of_its_own() -> None:
    call = span(2, "SQS", 0, 1, namespace="aws", aws={"operation": "SendMessage", "queue_url": "https://sqs/1/mail"})
    queue = segment(
        3, "mail", 0, 1, parent_id=f"{2:016x}", inferred=True, origin="AWS::SQS::Queue", subsegments=[span(4, "QueueTime", 0, 1)]
    )
    remote = span(5, "rates", 0, 1, namespace="remote")
    inferred = segment(6, "rates", 0, 1, parent_id=f"{5:016x}", inferred=True)
    shown = spans_of(segment(1, "s", 0, 1, subsegments=[call, remote]), queue, inferred)
    assert [line[:32].rstrip() for line in shown] == [
        "s",
        "├ → SQS SendMessage mail",
        "│ └ mail (SQS::Queue, inferred)",
        "│   └ QueueTime",
        "└ → rates",
    ]


def test_a_span_without_a_usable_time_does_not_stretch_the_scale() -> None:
    broken = segment(2, "broken", 0, None, parent_id=f"{1:016x}") | {"start_time": "soon"}
    # 20 columns for "└ broken in progress"; 80 - 15 - 20 = 45 for the bars.
    assert spans_of(segment(1, "shop", 0, 1), broken) == [
        f"shop                    0ms  1.00s {'█' * 45}",
        "└ broken in progress      ?",
    ]


def test_a_trace_of_no_length_has_bars_of_one_cell() -> None:
    assert spans_of(segment(1, "shop", 0, 0)) == ["shop    0ms    0ms █"]


@pytest.mark.parametrize("width", [40, 80])
def test_a_deep_tree_keeps_half_of_the_column_for_names(width: int) -> None:
    inner = span(99, "innermost", 0, 1, fault=True)
    for number in range(98, 1, -1):
        inner = span(number, f"step{number}", 0, 1, subsegments=[inner])
    shown = spans_of(segment(1, "shop", 0, 1, subsegments=[inner]), width=width)
    assert all(width_of(line) <= width for line in shown)
    assert any("innermo" in line for line in shown)
    assert any("fault" in line for line in shown)
    assert sum("step" in line for line in shown) == 97


def test_wide_characters_keep_the_columns() -> None:
    lines = spans_of(segment(1, "注文", 0, 1, subsegments=[span(2, "ab", 0, 1), span(3, "x" * 200, 0, 1), span(4, "決済" * 60, 0, 1)]))
    assert {width_of(line) for line in lines} == {80}


def test_annotations_stand_beneath_the_segment_they_first_come_in() -> None:
    inner = span(2, "step", 0, 1, annotations={"tenant": "blue", "order": "A 17"})
    lost = span(4, "charge", 0, 1, type="subsegment", parent_id="f" * 16, annotations={"card": "visa"})
    shown = spans_of(
        segment(1, "shop", 0, 1, annotations={"tenant": "blue"}, subsegments=[inner]),
        segment(3, "cart", 0, 1, parent_id=f"{2:016x}", annotations={"tenant": "blue"}),
        lost,
    )
    assert [line.strip() for line in shown if "annotations" in line] == ['│ annotations tenant=blue order="A 17"', "annotations card=visa"]
    assert shown[1] == '│ annotations tenant=blue order="A 17"'


def lines_of(*logs: LogLine, fields: Fields | None = None, is_cut: bool = False) -> Lines:
    alb = []
    if fields is not None:
        text = fields.line(34)
        alb = [AlbLine(text.decode(), parse_access(text))]
    return Lines(tuple(alb), logs, is_cut)


def test_log_lines_stand_beneath_their_spans() -> None:
    log = [
        LogLine(START * NS + 550_000_000, "payments", None, "charging 42.00\nTraceback\n\n  at pay\n"),
        LogLine(START * NS - 3_000_000, "gateway", None, "POST /checkout"),
    ]
    shown = spans_of(*checkout(), lines=lines_of(*log))
    assert shown[2] == "│ log -3.0ms gateway: POST /checkout"
    assert shown[-3:-1] == ["    │ log +550ms charging 42.00 (+2 lines)", shown[-2]]
    assert shown[-1] == "note: Loki has no load-balancer line of this trace (yet)"


def test_a_narrow_terminal_shows_what_a_line_says() -> None:
    """48 columns to the end of the message and its blank, 11 of the rest, and the mark."""
    shown = spans_of(*checkout(), width=60, lines=lines_of(LogLine(START * NS + 700_000_000, "payments", None, DECLINED)))
    assert '    │ log +700ms error declined by the provider {"time":"20…' in shown


def test_lines_about_an_inferred_segment_stand_beneath_its_call() -> None:
    shown = spans_of(*checkout(), lines=lines_of(LogLine(START * NS, "charges", f"{6:016x}", "table is slow")))
    assert shown[-2] == "        log +0ms charges: table is slow"


def test_the_load_balancer_stands_above_the_root() -> None:
    fields = Fields(
        request="POST https://shop.example:443/checkout HTTP/2.0",
        elb_status_code="502",
        target_status_code="502",
        request_creation_time="2026-09-20T09:59:59.997000Z",
        target_processing_time="1.003",
        error_reason="TargetError",
        user_agent=r"x\x22\x1b[2J",
    )
    shown = drawn(made(*checkout()), 120, lines_of(fields=fields))
    assert shown[4:8] == [
        "load balancer 502 (target 502) app/shop-front/50dc6c495c0c9188 → 10.0.3.21:8080",
        "  203.0.113.9 asked POST https://shop.example:443/checkout HTTP/2.0",
        '  at -3.0ms · wait 1.0ms · target 1.00s · reply 0ms · TargetError · x"\\x1b[2J',
        "span                                                  start   took",
    ]
    assert shown[-1] == "note: Loki has no log line that holds this id"


def test_a_request_that_no_target_took_says_so() -> None:
    fields = Fields(
        target="-",
        target_status_code="-",
        elb_status_code="403",
        request_processing_time="-1",
        target_processing_time="-1",
        response_processing_time="-1",
        user_agent="-",
    )
    shown = drawn(made(*checkout()), 120, lines_of(fields=fields, is_cut=True))
    assert shown[4] == "load balancer 403 (target -) app/shop-front/50dc6c495c0c9188 → no target"
    assert shown[6] == "  at +1.00s · wait - · target - · reply -"  # the line's own time: 10:00:01.003
    assert shown[-1] == "note: only the first 500 log lines are shown"


def test_nothing_that_others_wrote_reaches_the_terminal_as_it_is() -> None:
    evil = "\x1b]0;own\x07\x1b[2J\u202e\x9b31m\r\n\u2028x"
    trace = made(
        segment(
            1,
            evil,
            0,
            1,
            origin=evil,
            http=http(evil, f"https://{evil}", 500),
            annotations={evil: evil},
            cause={"exceptions": [{"type": evil, "message": evil}]},
            subsegments=[span(2, evil, 0, 1, namespace="aws", aws={"operation": evil, "table_name": evil}, sql={"sanitized_query": evil})],
        )
    )
    fields = Fields(user_agent=evil.replace("\r\n", ""), request=f"GET {evil} HTTP/1.1".replace("\r\n", ""))
    lines = lines_of(LogLine(START * NS, evil, None, evil), fields=fields)
    for encoding in ("utf-8", "latin-1", "ascii"):
        for width in (40, 200):
            for line in waterfall(trace, lines, Look(width, encoding)):
                text = plain_text(line)
                assert text.isprintable(), text
                assert width_of(text) <= width
                text.encode(encoding)


def test_a_thousand_spans_are_a_thousand_lines() -> None:
    root = segment(1, "shop", 0, 1, subsegments=[span(number, f"s{number}", 0, 1) for number in range(2, 1001)])
    assert len(spans_of(root)) == 1000


def test_the_tree_in_front_of_a_span_is_no_longer_than_a_line_however_deep_it_is() -> None:
    """With all of it 20,000 spans in a chain would take 800 MB. 80 columns are 40 levels; the last of them are drawn."""
    chain = [
        segment(number, f"s{number}", 0, 1, **({"parent_id": f"{number - 1:016x}"} if number > 1 else {})) for number in range(1, 20_001)
    ]
    shown = spans_of(*chain)
    assert len(shown) == 20_000
    assert {len(line) for line in shown} == {80}


def test_the_times_of_a_trace_are_found_once() -> None:
    """Where each of so many open spans looked for the last moment among all of them, nobody would wait for the end."""
    running = [span(number, "step", 0, None) for number in range(2, 20_001)]
    assert len(spans_of(segment(1, "shop", 0, 1, subsegments=running))) == 20_000


DECLINED = '{"time":"2026-09-20T10:00:00.700Z","level":"error","msg":"declined by the provider","order":"A-17"}'


def test_the_picture_in_the_documentation_is_what_is_drawn() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/read-a-trace.md").read_text(encoding="utf-8")
    fields = Fields(
        request="POST https://shop.example:443/checkout HTTP/2.0",
        elb_status_code="502",
        target_status_code="502",
        request_creation_time="2026-09-20T09:59:59.997000Z",
        target_processing_time="1.003",
        user_agent="okhttp/4.12.0",
    )
    lines = lines_of(LogLine(START * NS + 700_000_000, "payments", None, DECLINED), fields=fields)
    assert page.split("```text\n")[1].split("\n```")[0].splitlines() == drawn(made(*checkout()), 100, lines)
