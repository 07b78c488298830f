"""Grafana's own LogQL grammar against ours: what both take, what both refuse, and where ours is the stricter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.loki.corpus import BAD, GOOD, LOKI_ALONE
from tests.node_tools import run_node
from xray_grafana.loki.errors import LogqlError
from xray_grafana.loki.syntax import is_metric_query

SCRIPT = Path(__file__).parents[1] / "node" / "logql.mjs"


def verdicts(queries: tuple[str, ...]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run_node(SCRIPT, json.dumps(queries)))
    assert len(found) == len(queries)
    return found


def test_grammar_takes_every_query_of_a_dashboard() -> None:
    refused = {query: verdict for query, verdict in zip(GOOD, verdicts(GOOD), strict=True) if not verdict["ok"]}
    assert refused == {}


def test_grammar_sees_exactly_the_mistakes_marked_as_syntax() -> None:
    seen = [verdict["ok"] is False for verdict in verdicts(tuple(case.query for case in BAD))]
    assert {case.query: found for case, found in zip(BAD, seen, strict=True)} == {case.query: case.by_grammar for case in BAD}


def test_ours_refuses_what_the_grammar_lets_pass() -> None:
    """The reason for a checker of our own: more than thirty kinds of mistake that Grafana's editor does not show."""
    stricter = tuple(case.query for case in BAD if not case.by_grammar)
    assert len(stricter) > 30
    assert all(verdict["ok"] for verdict in verdicts(stricter))
    for query in stricter:
        with pytest.raises(LogqlError):
            is_metric_query(query)


def test_corpora_are_as_large_as_they_are_meant_to_be() -> None:
    assert len(set(GOOD)) >= 40
    assert len({case.query for case in BAD}) >= 35


def test_loki_takes_what_the_editor_does_not_know() -> None:
    assert [verdict["ok"] for verdict in verdicts(LOKI_ALONE)] == [False] * len(LOKI_ALONE)


@pytest.mark.parametrize(
    ("sound", "broken", "before", "text"),
    [
        (" [$__auto]", " [$__auto", "status >= 500 [", "$"),
        ("status >= 500", "status >== 500", "status >=", "="),
        ("count_over_time(", "counts_over_time(", "sum(", "counts_over_time"),
        ("{log_type=", "{log_type", "{log_type", ""),
    ],
)
def test_planted_fault_in_a_dashboard_query_trips_the_gate(sound: str, broken: str, before: str, text: str) -> None:
    query = 'sum(count_over_time({log_type="access", lb=~"$lb"} | pattern `<_> <status> <_>` | status >= 500 [$__auto]))'
    assert query.count(sound) == 1
    faulty = query.replace(sound, broken)
    right, wrong = verdicts((query, faulty))
    start = faulty.index(before) + len(before)
    assert right == {"ok": True}
    assert wrong == {"ok": False, "from": start, "to": start + len(text), "text": text}
