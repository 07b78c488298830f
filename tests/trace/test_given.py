from __future__ import annotations

import pytest

from tests.alb.lines import ODD_LINES
from xray_grafana.errors import UsageError
from xray_grafana.trace.given import id_in

XRAY = "1-5759e988-bd862e3fe1be46a994272793"
W3C = "5759e988bd862e3fe1be46a994272793"
OTHER = "1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.mark.parametrize(
    "text",
    [
        XRAY,
        W3C,
        f"  {XRAY}\n",
        W3C.upper(),
        f"Root={XRAY};Parent=53995c3f42cd8ad8;Sampled=1",
        f"Self={OTHER};Root={XRAY}",
        f"X-Amzn-Trace-Id: Root={XRAY};Sampled=0",
        f'level=error msg="no answer" trace={XRAY}@53995c3f42cd8ad8',
        f'{{"message": "no answer", "trace_id": "{W3C}", "etag": "{"0" * 32}"}}',
        f"traceparent: 00-{W3C}-53995c3f42cd8ad8-01",
        f"otelTraceID={W3C} xray={XRAY}",
        f"GET /cart {W3C} 200",
        f"TID_{'0' * 32} {XRAY}",
    ],
)
def test_the_id_is_found_in_whatever_was_pasted(text: str) -> None:
    assert id_in(text).xray == XRAY


def test_of_an_access_log_line_the_header_counts_and_not_what_the_client_wrote() -> None:
    for odd in ODD_LINES:
        if odd.root is not None:
            assert id_in(odd.line.decode()).xray == odd.root, odd.name


@pytest.mark.parametrize("text", ["", "cart", XRAY[:-1], f"{XRAY}0", f"Self={XRAY}", "\x1b[2J", "x" * 200])
def test_a_text_without_an_id_is_refused_and_quoted_harmlessly(text: str) -> None:
    with pytest.raises(UsageError, match="no trace id in") as caught:
        id_in(text)
    assert str(caught.value).replace("\n", "").isprintable()
    assert len(caught.value.summary) < 90


def test_several_ids_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match=f"2 different trace ids in what was given: {XRAY}, {OTHER}"):
        id_in(f"{XRAY} led to {OTHER}, and {XRAY} again")
    many = " ".join(f"1-5759e988-{number:024x}" for number in range(6))
    with pytest.raises(UsageError, match=r"6 different .*000003, …"):
        id_in(many)
