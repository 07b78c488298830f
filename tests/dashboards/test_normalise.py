"""What grafanalib writes, brought to the current schema."""

from typing import Any

import pytest
from grafanalib import core as G

from xray_grafana.dashboards.normalise import normalise


def board(*panels: Any) -> dict[str, Any]:
    return normalise(G.Dashboard(title="T", uid="t", schemaVersion=42, panels=list(panels)))


def test_keys_that_grafana_dropped_are_gone() -> None:
    made = board()
    assert not {"__inputs", "gnetId", "hideControls", "rows", "sharedCrosshair", "style", "id"} & made.keys()
    assert made["timepicker"].keys() <= {"refresh_intervals"}


def test_options_left_alone_leave_no_key() -> None:
    (panel,) = board(G.TimeSeries(title="P", id=1, gridPos={"x": 0, "y": 0, "w": 24, "h": 8}))["panels"]
    assert panel.keys() == {"fieldConfig", "gridPos", "id", "options", "title", "type"}


def test_null_stays_where_it_means_something() -> None:
    """The bottom step of thresholds, and an override that takes links away."""
    steps = {"mode": "absolute", "steps": [{"color": "green", "value": None}]}
    overrides = [{"matcher": {"id": "byName", "options": "Id"}, "properties": [{"id": "links", "value": None}]}]
    made = board(G.Table(title="P", id=1, overrides=overrides, extraJson={"fieldConfig": {"defaults": {"thresholds": steps, "min": None}}}))
    config = made["panels"][0]["fieldConfig"]
    assert config["defaults"]["thresholds"] == steps
    assert config["overrides"] == overrides
    assert "min" not in config["defaults"]


def test_tables_lose_what_grafanalib_puts_at_their_root() -> None:
    (panel,) = board(G.Table(title="P", id=1))["panels"]
    assert not {"color", "columns", "fontSize", "mappings", "minSpan"} & panel.keys()
    assert "displayMode" not in panel["fieldConfig"]["defaults"].get("custom", {})


def test_rows_keep_only_what_a_row_has() -> None:
    (panel,) = board(
        G.RowPanel(title="R", id=1, collapsed=True, gridPos={"x": 0, "y": 0, "w": 24, "h": 1}, panels=[G.Text(title="T", id=2)])
    )["panels"]
    assert panel.keys() == {"collapsed", "gridPos", "id", "panels", "title", "type"}
    assert panel["panels"][0]["fieldConfig"] == {"defaults": {}, "overrides": []}


def test_a_stat_without_thresholds_has_none() -> None:
    """grafanalib would write an empty text for the steps."""
    (panel,) = board(G.Stat(title="S", id=1))["panels"]
    assert "thresholds" not in panel["fieldConfig"]["defaults"]


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    board(G.RowPanel(title="R", id=1, gridPos={"x": 0, "y": 0, "w": 24, "h": 1}, panels=[G.Text(title="T", id=2)]))
    assert capsys.readouterr() == ("", "")
