"""What a panel asks, in words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bundle.preview.documents import LOKI, SHARED, XRAY
from xray_grafana.bundle.preview.queries import Query, read_query


def read(target: dict[str, Any], panel: dict[str, Any] | None = None) -> Query:
    return read_query({"refId": "A", **target}, panel or {}, "b", {1: "Map"})


def test_statistics_name_their_columns_and_bucket() -> None:
    query = read(
        {
            "datasource": XRAY,
            "queryMode": "X-Ray",
            "queryType": "getTimeSeriesServiceStatistics",
            "query": 'service("till")',
            "columns": ["TotalCount", "OkCount"],
            "resolution": 60,
            "region": "default",
            "group": {"GroupName": "Default", "GroupARN": "default"},
        }
    )
    assert (query.family, query.source, query.kind, query.text) == ("xray", "X-Ray", "trace statistics", 'service("till")')
    assert query.facts == (("columns", "TotalCount, OkCount"), ("bucket", "60 s"))


def test_a_query_without_a_filter_says_that_it_covers_everything() -> None:
    assert read({"datasource": XRAY, "queryType": "getTraceSummaries", "query": ""}).text == "(no filter: everything in the range)"


def test_a_service_map_needs_no_filter() -> None:
    query = read({"datasource": XRAY, "queryType": "getServiceMap", "query": "", "group": {"GroupName": "till"}, "accountIds": ["1", "2"]})
    assert (query.kind, query.text) == ("service map", "")
    assert query.facts == (("group", "till"), ("accounts", "1, 2"))


def test_application_signals_are_named_by_their_own_type() -> None:
    query = read(
        {
            "datasource": XRAY,
            "queryMode": "Services",
            "serviceQueryType": "listServiceOperations",
            "serviceString": "$svc",
            "operationName": "GET",
        }
    )
    assert query.kind == "operations of a service"
    assert query.facts == (("service", "$svc"), ("operation", "GET"))


def test_an_unknown_type_is_shown_as_it_stands() -> None:
    assert read({"datasource": XRAY, "queryType": "getNews"}).kind == "getNews"


def test_loki_says_whether_it_draws_over_time() -> None:
    query = read({"datasource": LOKI, "queryType": "instant", "expr": "sum(x)", "legendFormat": "all", "maxLines": 50})
    assert (query.family, query.kind, query.text) == ("loki", "one value over the range", "sum(x)")
    assert query.facts == (("legend", "all"), ("at most", "50 lines"))


def test_cloudwatch_names_metric_and_statistic() -> None:
    target = {
        "datasource": {"type": "cloudwatch"},
        "namespace": "ApplicationSignals",
        "metricName": "Latency",
        "statistic": "p99",
        "label": "p99",
    }
    query = read(target)
    assert (query.family, query.kind) == ("cloudwatch", "metric")
    assert query.facts == (("namespace", "ApplicationSignals"), ("metric", "p99 Latency"), ("legend", "p99"))


def test_a_target_without_a_data_source_has_the_panels() -> None:
    assert read({"expr": "x"}, {"datasource": LOKI}).source == "Loki"


@pytest.mark.parametrize(
    ("source", "name"),
    [({"type": "__expr__", "uid": "__expr__"}, "Expression"), ({"type": "prometheus"}, "prometheus"), ({}, "unnamed source")],
)
def test_other_sources_keep_their_name(source: dict[str, str], name: str) -> None:
    query = read({"datasource": source, "queryType": "special"})
    assert (query.family, query.source, query.kind) == ("other", name, "special")


def test_a_shared_answer_points_to_its_panel() -> None:
    query = read({"datasource": SHARED, "panelId": 1, "withTransforms": True, "hide": True})
    assert query.shared is not None
    assert (query.shared.title, query.shared.anchor, query.hidden) == ("Map", "panel-b-1", True)
    assert query.facts == (("takes", "the rows after its transformations"),)
