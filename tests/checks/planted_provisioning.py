"""Faults planted in data sources and alert rules, and secrets planted anywhere."""

from __future__ import annotations

from typing import Any

from tests.checks.planting import Planted, correlation, derived, to_logs
from tests.checks.small_bundle import (
    ALERTS,
    PROVIDERS,
    RUNBOOK,
    SOURCES,
    Documents,
    panel,
    query,
    rule,
    source,
)


def fake(*parts: str) -> str:
    """A text that looks like a secret, put together so that no scanner takes this file for one."""
    return "".join(parts)


def alert_group(documents: Documents) -> dict[str, Any]:
    group: dict[str, Any] = documents[ALERTS]["groups"][0]
    return group


def add_cloudwatch(
    documents: Documents, *, uid: str = "cw", name: str = "CloudWatch", plugin: str = "cloudwatch", tracing: str = "xray"
) -> dict[str, Any]:
    """One more data source."""
    made: dict[str, Any] = {"name": name, "uid": uid, "type": plugin, "jsonData": {"tracingDatasourceUid": tracing}}
    documents[SOURCES]["datasources"].append(made)
    return made


def reduce_series_by_last(documents: Documents) -> None:
    """Halve the series first, then take the last value of that."""
    query(documents, "t-faults", "B")["model"] = {"type": "math", "expression": "$A / 2"}
    query(documents, "t-faults", "C")["model"] = {"type": "reduce", "reducer": "last", "expression": "B"}


def classic(documents: Documents, reducer: str) -> None:
    """A classic condition in place of the reduction."""
    query(documents, "t-faults", "B")["model"] = {
        "type": "classic_conditions",
        "conditions": [{"query": {"params": ["A"]}, "reducer": {"type": reducer}, "evaluator": {"type": "gt", "params": [1]}}],
    }


DATASOURCES = (
    Planted(
        "XG301",
        "jsonData.tracesToLogsV2.query",
        '"${__trace.traceId}',
        lambda d: to_logs(d).update(query='{a="b"} |= "${__trace.traceId}"'),
    ),
    Planted("XG301", "derivedFields[0].matcherRegex", 'holds "$"', lambda d: derived(d, 0).update(matcherRegex="^trace_id$")),
    Planted("XG301", "providers[0].folder", '"$HOME"', lambda d: d[PROVIDERS]["providers"][0].update(folder="in $HOME")),
    Planted("XG301", "groups[0].folder", '"$x"', lambda d: alert_group(d).update(folder="Cost in $x")),
    Planted("XG301", "groups[0].rules[0].title", '"$"', lambda d: rule(d, "t-faults").update(title="US$")),
    Planted("XG302", "datasources[0].correlations[0]", "label is nothing", lambda d: correlation(d).pop("label")),
    Planted("XG302", "datasources[0].correlations[0]", "description is 7", lambda d: correlation(d).update(description=7)),
    Planted("XG302", "datasources[0].correlations[0]", 'label is ""', lambda d: correlation(d).update(label="")),
    Planted("XG303", "datasources[0].correlations[0]", 'targetUID is "logs"', lambda d: correlation(d).update(targetUID="logs")),
    Planted(
        "XG304", "datasources[0].correlations[0]", 'config.type is "external"', lambda d: correlation(d)["config"].update(type="external")
    ),
    Planted("XG304", "datasources[0].correlations[0]", 'type is "link"', lambda d: correlation(d).update(type="link")),
    Planted("XG305", "datasources[0].correlations[0]", "beside config", lambda d: correlation(d).update(transformations=[])),
    Planted(
        "XG306",
        "correlations[0] transformation 0",
        "has no expression",
        lambda d: correlation(d)["config"]["transformations"][0].pop("expression"),
    ),
    Planted(
        "XG306",
        "correlations[0] transformation 0",
        "does not compile",
        lambda d: correlation(d)["config"]["transformations"][0].update(expression="(?<id>1-["),
    ),
    Planted(
        "XG306",
        "correlations[0] transformation 0",
        "JavaScript writes (?<name>",
        lambda d: correlation(d)["config"]["transformations"][0].update(expression="(?P<id>.+)"),
    ),
    Planted(
        "XG306", "correlations[0] transformation 0", '"json"', lambda d: correlation(d)["config"]["transformations"][0].update(type="json")
    ),
    Planted(
        "XG307",
        "datasources[0].correlations[1]",
        "is that of datasources[0].correlations[0]",
        lambda d: source(d, "xray")["correlations"].append(correlation(d) | {"description": "Another"}),
    ),
    Planted("XG308", "datasources[0].correlations[0]", "config.field is nothing", lambda d: correlation(d)["config"].pop("field")),
    Planted(
        "XG308",
        "datasources[0].correlations[0]",
        "config.target is nothing",
        lambda d: correlation(d)["config"].pop("target"),
        ("XG501",),
    ),
    Planted("XG310", "jsonData.tracesToLogsV2", "type cloudwatch", lambda d: (add_cloudwatch(d), to_logs(d).update(datasourceUid="cw"))),
    Planted(
        "XG311",
        "jsonData.tracesToLogsV2",
        "query uses __span.traceId",
        lambda d: to_logs(d).update(query='{a="b"} |= "$${__span.traceId}"'),
    ),
    Planted("XG312", "jsonData.tracesToLogsV2", "filterByTraceID is true", lambda d: to_logs(d).update(filterByTraceID=True)),
    Planted("XG313", "jsonData.tracesToLogsV2", "has a query and customQuery nothing", lambda d: to_logs(d).pop("customQuery")),
    Planted("XG313", "jsonData.tracesToLogsV2", "has no query and customQuery True", lambda d: to_logs(d).pop("query")),
    Planted("XG320", "datasources[1] jsonData.derivedFields[1]", '"x-ray"', lambda d: derived(d, 1).update(datasourceUid="x-ray")),
    Planted("XG320", "datasources[0] jsonData.tracesToLogsV2", '"logs"', lambda d: to_logs(d).update(datasourceUid="logs")),
    Planted("XG320", "datasources[2] jsonData", 'tracingDatasourceUid is "x-ray"', lambda d: add_cloudwatch(d, tracing="x-ray")),
    Planted("XG321", "derivedFields[1]", "has no group", lambda d: derived(d, 1).update(matcherRegex="1-[0-9a-f]{8}")),
    Planted("XG321", "derivedFields[1]", "does not compile", lambda d: derived(d, 1).update(matcherRegex="(1-")),
    Planted("XG321", "derivedFields[1]", "matcherRegex is nothing", lambda d: derived(d, 1).pop("matcherRegex")),
    Planted(
        "XG322",
        "derivedFields[0]",
        "url uses __data.labels.aws_region",
        lambda d: derived(d, 0).update(url="/d/t-trace?var-xray=$${__data.labels.aws_region}&$${__url_time_range}"),
    ),
    Planted(
        "XG322",
        "derivedFields[0]",
        "url uses xray",
        lambda d: derived(d, 0).update(url="/d/t-trace?var-xray=$${xray}&$${__url_time_range}"),
    ),
    Planted(
        "XG323",
        "derivedFields[1]",
        "takes the id after Self=",
        lambda d: derived(d, 1).update(matcherRegex="(1-[0-9a-f]{8}-[0-9a-f]{24})"),
    ),
    Planted(
        "XG330",
        "datasources[2]",
        'uid "loki" is that of datasources[1]',
        lambda d: add_cloudwatch(d, uid="loki"),
        ("XG310",),
    ),
    Planted("XG330", "datasources[2]", 'name "Loki"', lambda d: add_cloudwatch(d, name="Loki")),
    Planted("XG331", "datasources[2]", "uid is nothing", lambda d: add_cloudwatch(d).pop("uid")),
    Planted("XG331", "datasources[2]", "uid is", lambda d: add_cloudwatch(d, uid="c w")),
    Planted("XG332", "datasources[1]", "beside datasources[0]", lambda d: source(d, "xray").update(isDefault=True)),
    Planted("XG333", "datasources[2]", "defaultRegion is nothing", lambda d: add_cloudwatch(d, plugin="grafana-x-ray-datasource")),
)

ALERTING = (
    Planted("XG401", "rule t-slow", "expr uses $lb", lambda d: query(d, "t-slow", "A")["model"].update(expr='rate({lb="$lb"} [5m])')),
    Planted(
        "XG401", "rule t-slow", "expr uses $__auto", lambda d: query(d, "t-slow", "A")["model"].update(expr='rate({lb="x"} [$__auto])')
    ),
    Planted(
        "XG402",
        "groups[0].rules[0].annotations.summary",
        '"$$values.B',
        lambda d: rule(d, "t-faults")["annotations"].update(summary="{{ $$values.B }} faults"),
    ),
    Planted(
        "XG403",
        'rule t-faults "Faults of checkout" query A',
        "expected exactly one",
        lambda d: query(d, "t-faults", "A")["model"].update(columns=["TotalCount", "OkCount"]),
    ),
    Planted("XG403", "rule t-faults", "columns ['all']", lambda d: query(d, "t-faults", "A")["model"].update(columns=["all"])),
    Planted("XG403", "rule t-faults", "columns nothing", lambda d: query(d, "t-faults", "A")["model"].pop("columns")),
    Planted(
        "XG404", "rule t-faults", 'group is "checkout"', lambda d: query(d, "t-faults", "A")["model"]["group"].update(GroupName="checkout")
    ),
    Planted(
        "XG405", "rule t-faults", '"getTraceSummaries"', lambda d: query(d, "t-faults", "A")["model"].update(queryType="getTraceSummaries")
    ),
    Planted("XG406", "rule t-faults", "reduces statistics by last", lambda d: query(d, "t-faults", "B")["model"].update(reducer="last")),
    Planted("XG406", 'rule t-faults "Faults of checkout" query C', "by last", reduce_series_by_last),
    Planted("XG406", 'rule t-faults "Faults of checkout" query B', "by last", lambda d: classic(d, "last")),
    Planted("XG407", "rule t-slow", "execErrState is nothing", lambda d: rule(d, "t-slow").pop("execErrState")),
    Planted("XG407", "rule t-slow", 'noDataState is "Ok"', lambda d: rule(d, "t-slow").update(noDataState="Ok")),
    Planted("XG408", "rule t-faults", "execErrState is Error", lambda d: rule(d, "t-faults").update(execErrState="Error")),
    Planted("XG408", "rule t-faults", "execErrState is Alerting", lambda d: rule(d, "t-faults").update(execErrState="Alerting")),
    Planted("XG409", "rule t-slow", "labels.severity is nothing", lambda d: rule(d, "t-slow").pop("labels")),
    Planted("XG409", "rule t-slow", "annotations.runbook_url", lambda d: rule(d, "t-slow")["annotations"].pop("runbook_url")),
    Planted("XG409", "rule t-slow", "annotations.summary", lambda d: rule(d, "t-slow")["annotations"].update(summary="")),
    Planted("XG409", "rule t-slow", "annotations.description", lambda d: rule(d, "t-slow")["annotations"].pop("description")),
    Planted(
        "XG410", "rule t-slow", '__dashboardUid__ is "gone"', lambda d: rule(d, "t-slow")["annotations"].update(__dashboardUid__="gone")
    ),
    Planted("XG410", "rule t-slow", '__panelId__ is "99"', lambda d: rule(d, "t-slow")["annotations"].update(__panelId__="99")),
    Planted("XG410", "rule t-slow", "__panelId__ is 24", lambda d: rule(d, "t-slow")["annotations"].update(__panelId__=24)),
    Planted("XG410", "rule t-slow", "expected both or neither", lambda d: rule(d, "t-slow")["annotations"].pop("__panelId__")),
    Planted("XG411", "rule t-slow", 'condition is "D", expected one of A, B, C', lambda d: rule(d, "t-slow").update(condition="D")),
    Planted("XG412", "rule t-slow", 'reads "X"', lambda d: query(d, "t-slow", "B")["model"].update(expression="X")),
    Planted("XG412", "rule t-slow", 'reads "D"', lambda d: query(d, "t-slow", "C")["model"].update(expression="$B / ${D} > 1")),
    Planted("XG413", "rule t-faults", 'uid "t-faults" is that of', lambda d: rule(d, "t-slow").update(uid="t-faults")),
    Planted("XG413", "rule t-slow", 'title "Faults of checkout"', lambda d: rule(d, "t-slow").update(title="Faults of checkout")),
    Planted("XG413", "rule t-slow", '2 queries with refId "B"', lambda d: rule(d, "t-slow")["data"].append(query(d, "t-slow", "B"))),
    Planted(
        "XG414", "rule t-faults", "at most 21600 seconds", lambda d: query(d, "t-faults", "A")["relativeTimeRange"].update({"from": 21601})
    ),
    Planted("XG414", "rule t-slow", "relativeTimeRange is nothing", lambda d: query(d, "t-slow", "A").pop("relativeTimeRange")),
    Planted("XG415", 'group "traces"', 'interval is "15s"', lambda d: alert_group(d).update(interval="15s")),
    Planted("XG415", "rule t-slow", 'for is "-5m"', lambda d: rule(d, "t-slow").update({"for": "-5m"})),
    Planted("XG416", 'group "traces"', 'folder is "Traces"', lambda d: alert_group(d).update(folder="Traces")),
    Planted("XG417", "deleteRules[0]", 'deletes "t-slow"', lambda d: d[ALERTS]["deleteRules"][0].update(uid="t-slow")),
    Planted("XG418", "rule ?", "uid is nothing", lambda d: rule(d, "t-slow").pop("uid")),
    Planted("XG418", 'rule t slow "Slow answers"', 'uid is "t slow"', lambda d: rule(d, "t-slow").update(uid="t slow")),
    Planted("XG419", "rule t-slow", 'datasourceUid is "logs"', lambda d: query(d, "t-slow", "A").update(datasourceUid="logs")),
)

SECRETS = (
    Planted(
        "XG601",
        "datasources[0].secureJsonData.accessKey",
        "a literal text",
        lambda d: source(d, "xray")["secureJsonData"].update(accessKey="dummy"),
    ),
    Planted(
        "XG601",
        "datasources[1].secureJsonData.httpHeaderValue1",
        "a literal text",
        lambda d: source(d, "loki").update(jsonData={"httpHeaderName1": "Authorization"}, secureJsonData={"httpHeaderValue1": "Bearer x"}),
    ),
    Planted("XG601", "datasources[1].basicAuthPassword", "a literal text", lambda d: source(d, "loki").update(basicAuthPassword="dummy")),
    Planted("XG602", "line 3", "an AWS access key id", lambda d: d.update({RUNBOOK: d[RUNBOOK] + fake("AK", "IA", "ABCDEFGH23456789")})),
    Planted(
        "XG602",
        'panel 12 "Latency" description',
        "a temporary AWS",
        lambda d: panel(d, 12).update(description=fake("AS", "IA", "ABCDEFGH23456789.")),
    ),
    Planted(
        "XG602", "line 3", "an AWS secret access key", lambda d: d.update({RUNBOOK: d[RUNBOOK] + fake("secret_key", ": ", "aB3/" * 10)})
    ),
    Planted("XG602", "line 3", "a Grafana Cloud token", lambda d: d.update({RUNBOOK: d[RUNBOOK] + fake("gl", "c_", "a" * 30)})),
    Planted("XG602", "line 3", "a Grafana service-account token", lambda d: d.update({RUNBOOK: d[RUNBOOK] + fake("gl", "sa_", "a" * 30)})),
    Planted("XG602", "line 3", "a private key", lambda d: d.update({RUNBOOK: d[RUNBOOK] + fake("-----BEGIN RSA ", "PRIVATE KEY-----")})),
    Planted("XG602", "datasources[1].url", "in a URL", lambda d: source(d, "loki").update(url="http://me:pass@loki:3100")),
    Planted("XG610", "datasources", 'uid "xray"', lambda d: source(d, "xray").update(type="tempo")),
    Planted(
        "XG610",
        "datasources[0]",
        'defaultRegion is "us-east-1", expected eu-west-1',
        lambda d: source(d, "xray")["jsonData"].update(defaultRegion="us-east-1"),
    ),
    Planted("XG611", "", "no provider for 2 boards", lambda d: d[PROVIDERS]["providers"].clear()),
    Planted("XG611", "providers[0]", "options.path is nothing", lambda d: d[PROVIDERS]["providers"][0].pop("options")),
)
