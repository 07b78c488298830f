"""Trace ids in their two forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_grafana.xray.trace_id import TraceId, parse_trace_id

XRAY = "1-5759e988-bd862e3fe1be46a994272793"
OTEL = "5759e988bd862e3fe1be46a994272793"


@pytest.mark.parametrize("text", [XRAY, OTEL])
def test_both_forms_are_the_same_id(text: str) -> None:
    trace_id = parse_trace_id(text)

    assert trace_id == TraceId("5759e988", "bd862e3fe1be46a994272793")
    assert trace_id is not None
    assert (trace_id.xray, trace_id.otel) == (XRAY, OTEL)


def test_an_id_says_the_second_in_which_its_trace_began() -> None:
    """0x5759e988 is 1465510280, 9 June 2016."""
    assert TraceId("5759e988", "bd862e3fe1be46a994272793").epoch_seconds == 1465510280


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        f" {XRAY}",
        f"{XRAY}\n",
        XRAY.upper(),
        XRAY.replace("1-", "2-", 1),
        XRAY[:-1],
        f"{XRAY}0",
        XRAY.replace("-", "_"),
        "1-6784d5e6-128581cb1a25f58c",
        "1-5759e98-8bd862e3fe1be46a994272793",
        OTEL[:-1],
        f"{OTEL}0",
        OTEL.upper(),
        "g" * 32,
        "１-5759e988-bd862e3fe1be46a994272793",
        f"Root={XRAY}",
    ],
)
def test_any_other_text_is_no_id(text: str) -> None:
    assert parse_trace_id(text) is None


@given(st.text(alphabet="0123456789abcdef", min_size=32, max_size=32))
def test_an_id_survives_being_written_and_read(digits: str) -> None:
    trace_id = parse_trace_id(digits)

    assert trace_id is not None
    assert trace_id.otel == digits
    assert parse_trace_id(trace_id.xray) == trace_id
