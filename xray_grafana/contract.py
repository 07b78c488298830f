"""Every name that two parts must agree on, written once.

Nothing here computes. A fact about Grafana, AWS or Loki carries its source; a name of ours says who writes it and who reads it.
"""

from __future__ import annotations

from typing import Final

# Plugin: grafana/x-ray-datasource 2.17.1, src/plugin.json and src/types.ts.
XRAY_PLUGIN_ID: Final = "grafana-x-ray-datasource"
XRAY_PLUGIN_VERSION: Final = "2.17.1"
LOKI_PLUGIN_ID: Final = "loki"
CLOUDWATCH_PLUGIN_ID: Final = "cloudwatch"

# A target that reads another panel's answer (Grafana's "Dashboard" data source) and one that computes (expressions).
DASHBOARD_DATASOURCE_UID: Final = "-- Dashboard --"
EXPRESSION_DATASOURCE_UID: Final = "__expr__"

# Grafana refuses longer uids: pkg/util/shortid_generator.go, MaxUIDLength.
UID_MAX_LENGTH: Final = 40
SCHEMA_VERSION: Final = 42

# The group that every X-Ray account has, in the form the plugin's editor saves it, and the plugin's own "all groups" of Insights.
DEFAULT_GROUP: Final = {"GroupName": "Default", "GroupARN": "default"}
ALL_GROUPS: Final = {"GroupName": "All", "GroupARN": "All"}

# Statistics columns (what a target asks for) and the field each comes back as:
# x-ray-datasource pkg/datasource/getTimeSeriesServiceStatistics.go.
STATISTICS_FIELDS: Final = {
    "TotalCount": "Total Count",
    "FaultStatistics.TotalCount": "Fault Count",
    "ErrorStatistics.TotalCount": "Error Count",
    "ErrorStatistics.ThrottleCount": "Throttle Count",
    "OkCount": "Success Count",
    "Computed.AverageResponseTime": "Average Response Time",
}

# X-Ray answers service graphs and statistics for at most six hours at a time (GetServiceGraph: "Time range cannot be longer than 6 hours").
XRAY_RANGE_MAX_HOURS: Final = 6
# GetTimeSeriesServiceStatistics, EntitySelectorExpression: botocore service model.
SELECTOR_MAX_LENGTH: Final = 500

# A trace id as X-Ray writes it and as W3C (OpenTelemetry) writes it.
XRAY_TRACE_ID_PATTERN: Final = r"1-[0-9a-f]{8}-[0-9a-f]{24}"
W3C_TRACE_ID_PATTERN: Final = r"[0-9a-f]{32}"

# Loki labels and structured metadata of load-balancer lines: the shipper writes them, boards and derived fields read them.
LABEL_SERVICE: Final = "service_name"
LABEL_LOAD_BALANCER: Final = "lb"
LABEL_ACCOUNT: Final = "aws_account"
LABEL_REGION: Final = "aws_region"
LABEL_LOG_TYPE: Final = "log_type"
LOG_TYPE_ACCESS: Final = "access"
METADATA_TRACE_ID: Final = "trace_id"
METADATA_LEVEL: Final = "level"

# The shipper's own lines (logfmt, one per S3 object, and one per report): the shipper writes them, the pipeline board reads them.
SHIPPER_SERVICE: Final = "xray-grafana-alb"
SHIPPER_EVENT_OBJECT: Final = "object"
SHIPPER_EVENT_REPORT: Final = "report"
SHIPPER_COUNTS: Final = ("shipped", "rejected", "unreadable", "skipped")
SHIPPER_LAG_FIELD: Final = "lag_seconds"
SHIPPER_REPORT_CHECKED: Final = "checked"
SHIPPER_REPORT_FOUND: Final = "found"
AGENT_SERVICE: Final = "xray-daemon"

# The first fields of an ALB access-log line for LogQL's `pattern` stage: docs of Application Load Balancer access logs, fields 1 to 18.
# The whole request is one capture: a raw space in a URI would shift three.
ALB_PATTERN: Final = (
    '<type> <_> <elb> <client> <target> <rpt> <tpt> <resp> <status> <tstatus> <rx> <tx> "<request>" "<ua>" <_> <_> <tg> "<trace>" <_>'
)
