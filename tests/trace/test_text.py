from __future__ import annotations

import pytest

from xray_grafana.trace.text import cut, legible, moment, seconds, width_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0ms"),
        (0.00004, "<0.1ms"),
        (0.0004, "0.4ms"),
        (0.0099, "9.9ms"),
        (0.00996, "10ms"),
        (0.0451, "45ms"),
        (0.9994, "999ms"),
        (0.9996, "1.00s"),
        (1.234, "1.23s"),
        (59.99, "59.99s"),
        (59.996, "1m00s"),
        (3599.4, "59m59s"),
        (3600, "1h00m"),
        (86_399, "23h59m"),
        (86_400 * 3 + 4 * 3600, "3d04h"),
        (86_400 * 99 + 86_399, "99d23h"),
        (86_400 * 100, ">99d"),
        (1e300, ">99d"),
        (-0.003, "-3.0ms"),
    ],
)
def test_lengths_of_time_have_six_characters_at_most(value: float, shown: str) -> None:
    assert seconds(value) == shown


def test_moments_are_utc_and_what_no_calendar_has_is_a_number() -> None:
    assert moment(1_789_898_400.9996) == "2026-09-20 10:00:01.000 UTC"
    assert moment(1e18) == "1e+18 s after 1970"


def test_wide_and_combining_characters_count_as_the_terminal_draws_them() -> None:
    assert width_of("cart") == 4
    assert width_of("日本") == 4
    assert width_of("e\u0301") == 1
    assert cut("日本語", 6, "…") == "日本語"
    assert cut("日本語", 5, "…") == "日本…"
    assert cut("日本語", 4, "…") == "日…"
    assert cut("a b c", 3, "…") == "a…"  # no blank before the …
    assert cut("cart", 3, "...") == "..."
    assert cut("cart", 2, "...") == ""


def test_what_steers_a_terminal_or_cannot_be_encoded_is_escaped() -> None:
    assert legible("a\x1b[2J\nb\u202ec", "utf-8") == "a\\x1b[2J\\x0ab\\u202ec"
    assert legible("é日", "ascii") == "\\xe9\\u65e5"
    assert legible("\ud800", "utf-8") == "\\ud800"
