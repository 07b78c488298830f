"""What a segment document says: how it ended, how long it took, and what it raised."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.build_trace import segment
from xray_grafana.xray.outcome import FINE, Flags, Raised, exceptions_of, flags_of, seconds_of, status_of
from xray_grafana.xray.spans import assemble

FAULT = Flags(fault=True, error=False, throttle=False)
ERROR = Flags(fault=False, error=True, throttle=False)
THROTTLE = Flags(fault=False, error=False, throttle=True)


@pytest.mark.parametrize(
    ("status", "flags", "outcome"),
    [
        (200, FINE, "ok"),
        (302, FINE, "ok"),
        (399, FINE, "ok"),
        (400, ERROR, "error"),
        (404, ERROR, "error"),
        (429, THROTTLE, "throttle"),
        (499, ERROR, "error"),
        (500, FAULT, "fault"),
        (503, FAULT, "fault"),
        (503.0, FAULT, "fault"),
        (599, FAULT, "fault"),
        (600, FINE, "ok"),
    ],
)
def test_the_status_says_how_it_ended(status: float, flags: Flags, outcome: str) -> None:
    assert flags_of(segment("shop", 1, status=status)) == flags
    assert flags_of(segment("shop", 1, status=status)).outcome == outcome


@pytest.mark.parametrize(
    ("members", "flags", "outcome"),
    [
        ({}, FINE, "ok"),
        ({"fault": True}, FAULT, "fault"),
        ({"error": True}, ERROR, "error"),
        ({"throttle": True}, THROTTLE, "throttle"),
        ({"throttle": True, "error": True}, THROTTLE, "throttle"),
        ({"fault": True, "error": True}, Flags(fault=True, error=True, throttle=False), "fault"),
        ({"fault": True, "throttle": True}, Flags(fault=True, error=False, throttle=True), "throttle"),
        ({"fault": False, "error": False, "throttle": False}, FINE, "ok"),
    ],
)
def test_the_flags_say_how_it_ended_and_it_counts_once(members: dict[str, Any], flags: Flags, outcome: str) -> None:
    assert flags_of(segment("shop", 1, **members)) == flags
    assert flags_of(segment("shop", 1, **members)).outcome == outcome


def test_a_flag_and_a_status_add_up() -> None:
    assert flags_of(segment("shop", 1, status=200, fault=True)) == FAULT
    assert flags_of(segment("shop", 1, status=503, fault=False)) == FAULT
    assert flags_of(segment("shop", 1, status=404, fault=True)) == Flags(fault=True, error=True, throttle=False)


@pytest.mark.parametrize("odd", ["true", 1, "yes", [True], {"fault": True}])
def test_a_flag_is_true_or_it_is_none(odd: object) -> None:
    assert flags_of(segment("shop", 1, fault=odd, error=odd, throttle=odd)) is FINE


@pytest.mark.parametrize("odd", ["500", True, [500], {"code": 500}, float("nan"), float("inf"), 500.5, 10**400])
def test_a_status_is_a_whole_number_or_it_is_none(odd: Any) -> None:
    assert flags_of(segment("shop", 1, status=odd)) is FINE


@pytest.mark.parametrize("odd", [None, "503", 503, [], {"response": 503}, {"response": None}])
def test_http_of_another_shape_says_nothing(odd: object) -> None:
    assert flags_of(segment("shop", 1, http=odd)) is FINE


def test_time_is_end_less_start_none_while_open_and_never_negative() -> None:
    """4 − 0.5 = 3.5."""
    assert seconds_of(assemble([segment("shop", 1, 0.5, 4)])[0]) == 3.5
    assert seconds_of(assemble([segment("shop", 1, 0.5, None)])[0]) is None
    assert seconds_of(assemble([segment("shop", 1, 4, 0.5)])[0]) == 0.0


def test_time_is_rounded_to_the_microsecond() -> None:
    """As doubles, 1790000000.4 − 1790000000.1 is 0.30000019…"""
    span = assemble([segment("shop", 1, start_time=1790000000.1, end_time=1790000000.4)])[0]

    assert span.end is not None
    assert span.end - span.start != 0.3
    assert seconds_of(span) == 0.3


def test_the_flags_that_are_set_have_names() -> None:
    assert FINE.names == ()
    assert Flags(fault=True, error=True, throttle=False).names == ("fault", "error")
    assert THROTTLE.names == ("throttle",)


def test_the_status_is_that_of_the_response() -> None:
    assert status_of(segment("shop", 1, http={"response": {"status": 302.0}})) == 302
    assert status_of(segment("shop", 1, http={"request": {"status": 200}})) is None
    assert status_of({}) is None


def test_exceptions_are_those_that_were_recorded_here() -> None:
    whole = {"id": "e1", "type": "Timeout", "message": "no answer"}
    listed = [7, whole, {"type": 7, "message": None}]
    assert list(exceptions_of({"cause": {"exceptions": listed}})) == [Raised("e1", "Timeout", "no answer"), Raised(None, None, None)]
    assert list(exceptions_of({"cause": "00000000000000e1"})) == []
    assert list(exceptions_of({"cause": {"exceptions": "x"}})) == []
    assert list(exceptions_of({})) == []
