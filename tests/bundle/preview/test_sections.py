"""Alert rules, data sources and the map as they stand on the page."""

from __future__ import annotations

from typing import Any

from tests.bundle.preview.documents import Page, pages
from xray_grafana.bundle.preview import build_preview

SOURCES: dict[str, Any] = {
    "datasources": [
        {
            "name": "X-Ray",
            "uid": "xray",
            "type": "grafana-x-ray-datasource",
            "jsonData": {"defaultRegion": "eu-west-1", "tracesToLogsV2": {"datasourceUid": "loki", "query": '{a="$${__span.tags.name}"}'}},
            "correlations": [
                {"label": "ALB line", "targetUID": "loki", "config": {"field": "Id", "target": {"expr": "{b=`$${id}`}"}}},
                {"label": "Elsewhere", "targetUID": "gone", "config": {"field": "Id"}},
                {"label": "Board", "type": "external", "config": {"field": "Id", "target": {"url": "/d/t-trace/x?var-traceId=$${id}"}}},
            ],
        },
        {
            "name": "Loki",
            "uid": "loki",
            "type": "loki",
            "url": "http://loki:3100",
            "jsonData": {
                "derivedFields": [
                    {
                        "name": "Trace",
                        "matcherType": "label",
                        "matcherRegex": "^trace_id$$",
                        "url": "$${__value.raw}",
                        "datasourceUid": "xray",
                    },
                    {"name": "Board", "matcherRegex": "id=(.*)", "url": "/d/t-trace/x", "urlDisplayLabel": "Open board"},
                ]
            },
        },
        {"name": "Metrics", "uid": "cw", "type": "cloudwatch", "jsonData": {"tracingDatasourceUid": "xray", "defaultRegion": "eu-west-1"}},
        {"name": "Other", "uid": "o", "type": "postgres"},
    ]
}
ALERTS = {"groups": [{"rules": [{"title": "Faults", "annotations": {"__dashboardUid__": "t-home", "__panelId__": "1"}}]}]}


def page(datasources: dict[str, Any] | None = None, alerting: dict[str, Any] | None = None) -> Page:
    content = build_preview("Shop", pages(), datasources, alerting).content
    assert isinstance(content, str)
    return Page(content)


def test_each_source_names_type_uid_and_where() -> None:
    heads = [(source.text.split(" Link")[0]) for source in page(SOURCES).of("data-source")]
    assert heads == [
        "X-Ray X-Ray uid xray · eu-west-1",
        "Loki Loki uid loki · http://loki:3100",
        "Metrics CloudWatch uid cw · eu-west-1",
        "Other postgres uid o",
    ]


def test_the_ways_on_read_as_grafana_reads_them() -> None:
    text = " ".join(source.text for source in page(SOURCES).of("data-source"))
    for words in (
        'Logs of the trace span logs every span Loki{a="${__span.tags.name}"}',
        "ALB line correlation field Id Loki{b=`${id}`}",
        "Trace derived field label ^trace_id$ X-Ray${__value.raw}",
        "Open board derived field text id=(.*) One trace",
        "Board correlation field Id One trace",
        "Trace of the row trace link Logs Insights rows X-Ray",
    ):
        assert words in text


def test_a_way_to_an_unknown_source_is_marked() -> None:
    assert [mark.text for mark in page(SOURCES).of("dead")] == ["data source gone is not in this bundle"]


def test_sections_that_were_not_given_are_left_out() -> None:
    assert not [element for element in page().elements if element.attributes.get("id") in {"alerts", "sources"}]


def test_empty_sections_say_so() -> None:
    empty = page({}, {})
    assert "This bundle holds no alert rules." in empty.by_id("alerts").text
    assert "This bundle holds no data sources." in empty.by_id("sources").text


def test_a_rule_links_to_its_panel_or_says_that_it_has_none() -> None:
    lost = {"groups": [{"rules": [{"title": "A", "dashboardUid": "t-gone"}, {"title": "B"}]}]}
    assert "#panel-t-home-1" in [element.attributes.get("href") for element in page(None, ALERTS).tags("a")]
    table = page(None, lost).by_id("alerts").text
    assert "panel 0 of t-gone is not in this bundle" in table
    assert "no panel" in table


def test_the_map_shows_the_ways_in_and_the_boards() -> None:
    drawn = page(SOURCES, ALERTS)
    assert [box.attributes["data-stop"] for box in drawn.of("box")] == [
        "alerts",
        "source-xray",
        "source-loki",
        "board-t-home",
        "board-t-trace",
    ]
    arrows = [(arrow.attributes["data-from"], arrow.attributes["data-to"]) for arrow in drawn.of("arrow")]
    assert arrows == [
        ("alerts", "board-t-home"),
        ("source-xray", "board-t-trace"),
        ("source-loki", "board-t-trace"),
        ("board-t-home", "board-t-trace"),
    ]
