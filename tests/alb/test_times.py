"""Times as load balancers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_grafana.alb.times import any_time_ns, microsecond_time_ns

# 2018-12-20T02:59:40Z in seconds since 1970: 17 885 days of 86 400 s, and 2:59:40.
SECOND = 1_545_274_780


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2018-12-20T02:59:40", 0),
        ("2018-12-20T02:59:40Z", 0),
        ("2018-12-20T02:59:40.Z", 0),
        ("2018-12-20T02:59:40.5Z", 500_000_000),
        ("2018-12-20T02:59:40.000000007", 7),
        ("2018-12-20T02:59:40.123456Z", 123_456_000),
    ],
)
def test_a_time_may_have_no_to_nine_digits_of_a_fraction_and_no_zone(text: str, nanoseconds: int) -> None:
    assert any_time_ns(text) == SECOND * 1_000_000_000 + nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "2018-12-20",
        "2018-12-20T02:59",
        "2018-12-20T02:59:40+01:00",
        "2018-12-20T02:59:40.0000000001Z",
        "2018-02-30T02:59:40Z",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "2018-12-20T02:59:40ZZ",
        "２018-12-20T02:59:40Z",
    ],
)
def test_other_texts_are_no_time(text: str) -> None:
    assert any_time_ns(text) is None
    assert microsecond_time_ns(text) is None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31, 23, 59, 59, 999_999)))  # noqa: DTZ001 — UTC is written by hand
def test_every_microsecond_of_a_century_is_read_exactly(time: datetime) -> None:
    text = time.isoformat(timespec="microseconds") + "Z"
    since = time.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    expected = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000

    assert microsecond_time_ns(text) == any_time_ns(text) == expected
