from __future__ import annotations

from xray_grafana.sandbox.api.anomaly import Minute, Spell, spells


def _spells(text: str, *, begun_by: int | None = None) -> list[Spell]:
    """A letter a minute, of ten requests each: `.` none fails, `x` five fail, `o` one fails, `-` nobody asks, `2` two ask and fail."""
    kinds = {".": Minute(10, 0), "x": Minute(10, 5), "o": Minute(10, 1), "2": Minute(2, 2)}
    minutes = {number: kinds[letter] for number, letter in enumerate(text) if letter != "-"}
    end = len(text)
    return list(spells(minutes, 0, end if begun_by is None else begun_by, end))


def test_three_bad_minutes_in_a_row_are_a_spell_that_ends_with_the_last_bad_one() -> None:
    assert _spells(".....xxx......") == [Spell(begin=5, noticed=7, end=8, baseline=0.0)]


def test_two_bad_minutes_are_none() -> None:
    assert _spells(".....xx.......") == []
    assert _spells(".....xx.xx.....") == []


def test_a_spell_goes_on_until_five_minutes_have_passed_without_another_bad_one() -> None:
    assert _spells(".....xxx....") == [Spell(5, 7, None, 0.0)]
    assert _spells(".....xxx.....") == [Spell(5, 7, 8, 0.0)]
    assert _spells(".....xxx....x.....") == [Spell(5, 7, 13, 0.0)]


def test_two_spells_that_lie_apart_are_two() -> None:
    assert [(each.begin, each.end) for each in _spells(".....xxx......xxxx......")] == [(5, 8), (14, 18)]


def test_minutes_with_too_few_requests_say_nothing() -> None:
    assert _spells(".....x-x2x......") == [Spell(5, 9, 10, 0.0)]
    assert _spells(".....222........") == []
    assert _spells(".....xx-----x.....") == []


def test_the_first_five_minutes_are_taken_as_usual_whatever_they_hold() -> None:
    assert _spells("xxxxxxxxxxxx") == []
    assert _spells("-----xxxxxxxxxxxx") == []
    assert _spells("oooooooooooo") == []


def test_the_baseline_is_what_was_usual() -> None:
    # One in ten fails: 10 %. Twice and 5 points above that is 20 %, and half fail.
    assert _spells("oooooxxx......") == [Spell(5, 7, 8, 0.1)]


def test_a_share_that_is_not_far_above_the_usual_one_is_no_spell() -> None:
    assert _spells(".....ooo......") == [Spell(5, 7, 8, 0.0)]
    # 5 faults in 90 requests are 5.6 %; 10 % is not twice as much.
    assert _spells(".o.oo.oo.ooo......") == []


def test_bad_minutes_that_were_no_spell_become_usual() -> None:
    # Two bad minutes among nine: 10 faults in 90 requests. Half is still far above that.
    assert _spells(".....xx..xxx......") == [Spell(9, 11, 12, 10 / 90)]


def test_only_the_last_sixty_ordinary_minutes_are_the_baseline() -> None:
    minutes = {number: Minute(10, 0) for number in range(100)} | {number: Minute(100, 4) for number in range(100, 160)}
    minutes |= {number: Minute(100, 9) for number in range(160, 163)}
    # After an hour of 4 % a share of 9 % is 5 points above and twice as much.
    assert list(spells(minutes, 0, 163, 163)) == [Spell(160, 162, None, 0.04)]


def test_a_spell_that_begins_after_the_time_asked_for_is_left_out_and_one_before_is_followed() -> None:
    assert _spells(".....xxxxxx.......", begun_by=6) == [Spell(5, 7, 11, 0.0)]
    assert _spells(".....xxxxxx.......", begun_by=5) == []
