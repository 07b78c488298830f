from __future__ import annotations

from itertools import pairwise

import pytest

from xray_grafana.sandbox.demo.incidents import LENGTH_SECONDS, NOTHING, SLOT_SECONDS, active_at, effects_at, occurrence_of

SLOT = 1_491_666  # of 1200 s each: 1 789 999 200, which is 2026-09-21T14:00:00Z
SEEDS = range(1, 30)


@pytest.mark.parametrize("seed", SEEDS)
def test_four_slots_in_a_row_have_every_incident_once(seed: int) -> None:
    names = {occurrence_of(seed, slot).incident.name for slot in range(SLOT, SLOT + 4)}
    assert names == {"slow table", "failing provider", "throttling", "bad deploy"}


@pytest.mark.parametrize("seed", SEEDS)
def test_an_incident_lasts_six_minutes_and_lies_a_minute_or_more_within_its_slot(seed: int) -> None:
    for slot in range(SLOT, SLOT + 20):
        _, start, end = occurrence_of(seed, slot)
        assert end - start == LENGTH_SECONDS == 360
        assert slot * SLOT_SECONDS + 60 <= start
        assert end <= (slot + 1) * SLOT_SECONDS - 60


def test_an_incident_is_active_from_its_first_second_until_right_before_its_end() -> None:
    occurrence = occurrence_of(1, SLOT)
    found = [active_at(1, time) for time in (occurrence.start - 0.001, occurrence.start, occurrence.end - 0.001, occurrence.end)]
    assert found == [None, occurrence, occurrence, None]


def test_what_is_different_is_the_incidents_own_while_it_lasts_and_nothing_besides() -> None:
    occurrence = occurrence_of(1, SLOT)
    assert effects_at(1, occurrence.start) is occurrence.incident.effects
    assert effects_at(1, occurrence.end) is NOTHING


def test_seeds_have_incidents_at_times_and_in_orders_of_their_own() -> None:
    assert len({occurrence_of(seed, SLOT).start for seed in SEEDS}) > 20
    assert {occurrence_of(seed, SLOT).incident.name for seed in SEEDS} == {"failing provider", "bad deploy"}
    assert {occurrence_of(seed, SLOT + 1).incident.name for seed in SEEDS} == {"slow table", "throttling"}


@pytest.mark.parametrize("seed", SEEDS)
def test_within_every_hour_an_incident_begins_that_makes_requests_fail(seed: int) -> None:
    occurrences = [occurrence_of(seed, slot) for slot in range(SLOT, SLOT + 100)]
    starts = [each.start for each in occurrences if each.incident.name in {"failing provider", "bad deploy"}]
    assert max(later - earlier for earlier, later in pairwise(starts)) < 3600
