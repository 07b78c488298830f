"""What looks like a fault and is none: each change leaves the small bundle without a finding."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.planting import Change, correlation, derived, variables
from tests.checks.small_bundle import (
    ALERTS,
    HOME,
    PROVIDERS,
    RUNBOOK,
    TRACE,
    Documents,
    findings_of,
    panel,
    query,
    rule,
    small_bundle,
    source,
    target,
    variable,
)


def link_url(documents: Documents, url: str) -> None:
    panel(documents, 22)["fieldConfig"]["overrides"][0]["properties"][2]["value"][0]["url"] = url


def edge_variable(documents: Documents, **content: Any) -> None:
    """A variable whose values are selectors, alone in a statistics query."""
    variables(documents).append({"name": "edge", "type": "custom", **content})
    target(documents, 12)["query"] = "$edge"


def repeat_by_service(documents: Documents) -> None:
    """Every panel with a list variable is drawn once for each of its values."""
    variable(documents, "service")["multi"] = True
    for number in (10, 12, 22, 31):
        panel(documents, number)["repeat"] = "service"


def statistics_reduced_before_the_panel(documents: Documents) -> None:
    panel(documents, 10)["transformations"] = [{"id": "reduce", "options": {"mode": "reduceFields", "reducers": ["sum"]}}]


def sorted_by_the_panel_it_shares(documents: Documents) -> None:
    panel(documents, 11)["options"]["reduceOptions"]["calcs"] = ["last"]
    target(documents, 11)["withTransforms"] = True


def same_query_behind_a_collapsed_row(documents: Documents) -> None:
    panel(documents, 31)["targets"].append(target(documents, 20) | {"refId": "B"})


def same_query_hidden(documents: Documents) -> None:
    panel(documents, 12)["targets"].append(target(documents, 12) | {"refId": "B", "hide": True})


def same_query_at_another_step(documents: Documents) -> None:
    """Loki answers differently at another interval."""
    copy = target(documents, 24) | {"refId": "A"}
    panel(documents, 25)["targets"] = [copy]
    panel(documents, 25)["interval"] = "5m"


def wide_columns_that_are_not_shown(documents: Documents) -> None:
    overrides = panel(documents, 21)["fieldConfig"]["overrides"]
    overrides[0]["properties"] = [{"id": "custom.width", "value": 900}, {"id": "custom.hidden", "value": True}]
    overrides.append({"matcher": {"id": "byName", "options": "Name"}, "properties": [{"id": "custom.width", "value": 900}]})
    panel(documents, 21)["transformations"].append({"id": "organize", "options": {"excludeByName": {"Name": True}}})


def silent_source(documents: Documents) -> None:
    rule(documents, "t-faults").update(execErrState="Alerting")
    rule(documents, "t-faults")["labels"]["kind"] = "silent_source"


def another_group_with_the_same_title(documents: Documents) -> None:
    group = documents[ALERTS]["groups"][0]
    documents[ALERTS]["groups"] = [
        group | {"rules": [group["rules"][0]]},
        group | {"name": "others", "rules": [group["rules"][1] | {"title": "Faults of checkout"}]},
    ]


def loki_reduced_by_last(documents: Documents) -> None:
    """Loki answers oldest first."""
    query(documents, "t-slow", "B")["model"]["reducer"] = "last"


def range_mapping_with_open_end(documents: Documents) -> None:
    panel(documents, 10)["fieldConfig"]["defaults"]["mappings"] = [{"type": "range", "options": {"from": 5, "to": None}}]


def rename_to_title(documents: Documents) -> None:
    panel(documents, 21)["transformations"].append({"id": "organize", "options": {"renameByName": {"Name": "title"}}})


def long_board_uid(documents: Documents) -> None:
    documents[HOME]["uid"] = "t" * 40
    for name in ("t-faults", "t-slow"):
        rule(documents, name)["annotations"]["__dashboardUid__"] = "t" * 40


def logs_by_tag(documents: Documents) -> None:
    source(documents, "xray")["jsonData"]["tracesToLogsV2"] = {"datasourceUid": "loki", "tags": [{"key": "hostname"}]}


def headers(documents: Documents) -> None:
    loki = source(documents, "loki")
    loki["jsonData"].update(httpHeaderName1="X-Scope-OrgID", httpHeaderName2="Authorization")
    loki["secureJsonData"] = {"httpHeaderValue1": "shop", "httpHeaderValue2": "Bearer $__env{LOKI_TOKEN}"}


def sql_expression(documents: Documents) -> None:
    query(documents, "t-slow", "B")["model"] = {"type": "sql", "expression": "SELECT sum(value) FROM A"}


def rows_instead_of_one_value(documents: Documents) -> None:
    panel(documents, 11)["options"]["reduceOptions"] = {"calcs": ["lastNotNull"], "values": True}


NEAR_MISSES: tuple[tuple[str, Change], ...] = (
    ("map without query text", lambda d: target(d, 20).pop("query")),
    ("map of a real group", lambda d: target(d, 20).update(group={"GroupName": "cart", "GroupARN": "arn:aws:xray:eu-west-1:1:group/cart"})),
    ("statistics of all edges", lambda d: target(d, 12).update(query="")),
    ("selector by id", lambda d: target(d, 12).update(query='service(id(name: "cart", type: "AWS::ECS::Fargate"))')),
    ("edge by ids", lambda d: target(d, 12).update(query='edge(id(name: "a"), id(name: "b", account.id: "111122223333"))')),
    ("quoted bracket in a selector", lambda d: target(d, 12).update(query='service("a) AND service(b \\"c\\"")')),
    ("lone variable of selectors", lambda d: edge_variable(d, options=[{"text": "a to b", "value": 'edge("a", "b")'}])),
    ("lone variable of selectors, as typed", lambda d: edge_variable(d, query='a to b : edge("a"\\, "b"), all : service()')),
    ("selector of 500 characters", lambda d: target(d, 12).update(query=f'service("{"n" * 489}")')),
    ("all columns in a chart", lambda d: target(d, 12).update(columns=["all"])),
    ("columns left out in a chart", lambda d: target(d, 12).pop("columns")),
    ("resolution of five minutes", lambda d: target(d, 12).update(resolution=300)),
    ("resolution left to the browser", lambda d: target(d, 12).pop("resolution")),
    ("query mode left out", lambda d: target(d, 12).pop("queryMode")),
    ("region of the config", lambda d: target(d, 20).update(region="eu-west-1")),
    ("region of a variable", lambda d: target(d, 20).update(region="$service")),
    ("region left out", lambda d: target(d, 20).pop("region")),
    ("filter that mentions an id", lambda d: target(d, 22).update(query='annotation.id = "1-5759e988-bd862e3fe1be46a994272793"')),
    ("account of a single-value variable", lambda d: target(d, 20).update(accountIds=["111122223333", "$service"])),
    ("several values where the panel repeats", repeat_by_service),
    ("All that is one text", lambda d: variable(d, "service").update(includeAll=True, allValue=".*")),
    ("service name for the editor only", lambda d: target(d, 25).update(serviceName="$service")),
    ("service string of a variable", lambda d: target(d, 25).update(serviceString="$service")),
    ("insights in any state", lambda d: target(d, 23).pop("state")),
    ("statistics summed by a transformation", statistics_reduced_before_the_panel),
    ("statistics sorted by the shared panel", sorted_by_the_panel_it_shares),
    ("every row as a value", rows_instead_of_one_value),
    ("order-free reducer", lambda d: panel(d, 11)["options"]["reduceOptions"].update(calcs=["mean", "max"])),
    ("xychart of a later format", lambda d: panel(d, 13).update(pluginVersion="13.2.0")),
    ("wire name in an override", lambda d: panel(d, 21)["fieldConfig"]["overrides"][0]["matcher"].update(options="arc__faults")),
    ("wire name as a new name", rename_to_title),
    ("trace list without own links", lambda d: panel(d, 22)["fieldConfig"].update(overrides=[])),
    ("board uid of 40 characters", long_board_uid),
    ("unit none", lambda d: panel(d, 11)["fieldConfig"]["defaults"].update(unit="none")),
    ("one threshold step", lambda d: panel(d, 11)["fieldConfig"]["defaults"]["thresholds"]["steps"].pop()),
    ("open end of a range mapping", range_mapping_with_open_end),
    ("fixed columns that just fit", lambda d: panel(d, 21)["fieldConfig"]["overrides"][0]["properties"][0].update(value=608)),
    ("wide columns that are not shown", wide_columns_that_are_not_shown),
    ("same query behind a collapsed row", same_query_behind_a_collapsed_row),
    ("same query hidden", same_query_hidden),
    ("same query at another step", same_query_at_another_step),
    ("six hours", lambda d: d[HOME]["time"].update({"from": "now-6h"})),
    ("past hours", lambda d: d[HOME]["time"].update({"from": "now-24h", "to": "now-18h"})),
    ("long range for Loki alone", lambda d: panel(d, 24).update(timeFrom="24h")),
    ("no refresh", lambda d: d[HOME].update(refresh="")),
    ("refresh of ten seconds", lambda d: d[HOME].update(refresh="10s")),
    ("Grafana's own variables", lambda d: panel(d, 12).update(description="From ${__from:date} in $__interval, $1 or ${1}: 5 $.")),
    ("variable by its text", lambda d: target(d, 12).update(query='service("${service:text}")')),
    ("link without host to another site", lambda d: link_url(d, "https://docs.example.com/d/page")),
    ("link with absolute times", lambda d: link_url(d, "/d/t-trace/trace?from=${__from}&to=${__to}")),
    ("link to a panel", lambda d: link_url(d, "/d/t-home/home?viewPanel=panel-31&${__url_time_range}")),
    ("link to any board", lambda d: link_url(d, "/d/${__data.fields.uid}/x?${__url_time_range}")),
    ("board link that keeps the time", lambda d: d[HOME]["links"].append({"type": "link", "url": "/d/t-trace", "keepTime": True})),
    ("doubled dollar in a folder of rules", lambda d: d[ALERTS]["groups"][0].update(folder="US$$ alerts")),
    ("doubled dollar at the end", lambda d: derived(d, 0).update(matcherRegex="^(?:trace_id|xid)$$")),
    ("tenant in a header", headers),
    (
        "correlation to a page",
        lambda d: correlation(d).update(type="external", config={"field": "Id", "target": {"url": "https://x.example"}}),
    ),
    ("correlation by logfmt", lambda d: correlation(d)["config"].update(transformations=[{"type": "logfmt", "field": "Id"}])),
    (
        "one label to two sources",
        lambda d: source(d, "xray")["correlations"].append(correlation(d) | {"targetUID": "xray"}),
    ),
    ("label matcher without a group", lambda d: derived(d, 0).update(matcherRegex="trace_id")),
    ("regex that asks for Root=", lambda d: derived(d, 1).update(matcherRegex="Root=(1-[0-9a-f]{8}-[0-9a-f]{24})")),
    ("regex of the W3C form", lambda d: derived(d, 1).update(matcherRegex='trace_?[iI]d"?[:=]\\s*"?([0-9a-f]{32})')),
    ("span logs without a query of their own", logs_by_tag),
    ("capture group in an alert", lambda d: query(d, "t-slow", "A")["model"].update(expr=f'count_over_time({{a="b"}} {REPLACED} [5m])')),
    ("SQL over a query", sql_expression),
    ("silent source", silent_source),
    ("state kept", lambda d: rule(d, "t-faults").update(execErrState="KeepLast")),
    ("error state on Loki", lambda d: rule(d, "t-slow").update(execErrState="Error")),
    ("last of Loki", loki_reduced_by_last),
    ("same title in another group", another_group_with_the_same_title),
    ("six hours before", lambda d: query(d, "t-faults", "A").update(relativeTimeRange={"from": 25200, "to": 3600})),
    ("a day of Loki", lambda d: query(d, "t-slow", "A").update(relativeTimeRange={"from": 86400, "to": 0})),
    ("rule that fires at once", lambda d: rule(d, "t-slow").update({"for": "0s"})),
    ("board in no folder", lambda d: d[PROVIDERS]["providers"][0].pop("folder")),
    ("log lines in a table", lambda d: target(d, 25).update({"datasource": {"type": "loki", "uid": "loki"}, "expr": '{a="b"}'})),
    ("trace id guarded by its form", lambda d: target(d, 41, TRACE).update(expr=GUARDED_BY_FORM)),
    ("time above zero", lambda d: target(d, 24).update(expr='avg_over_time({a="b"} | json | tpt != `-1` | unwrap tpt [5m])')),
    ("bytes unwrapped", lambda d: target(d, 24).update(expr='sum_over_time({a="b"} | json | unwrap rx [5m])')),
    ("word that ends like a token", lambda d: d[HOME].update(tokens="many", keyword="secret")),
    ("address in a text", lambda d: d.update({RUNBOOK: "Ask ops@example.com or https://medium.example/@ops, AKIA is a prefix."})),
    ("environment reference as user", lambda d: source(d, "loki").update(url="http://$__env{LOKI_HOST}:3100")),
)

REPLACED = '| label_format p=`{{ regexReplaceAll "^(.)" .path "${1}" }}`'
GUARDED_BY_FORM = '{a="b"} | label_format w3c=`{{ replace "-" "" "$traceId" }}` | w3c=~`[0-9a-f]{32}` |= `x`'


@pytest.mark.parametrize("change", [change for _, change in NEAR_MISSES], ids=[name for name, _ in NEAR_MISSES])
def test_is_no_fault(change: Change) -> None:
    documents = small_bundle()
    change(documents)
    assert documents != small_bundle()
    assert findings_of(documents) == ()
