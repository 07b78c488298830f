"""Every name that two parts must agree on, written once.

Nothing here computes. A fact about Grafana, AWS or Loki carries its source; a name of ours says who writes it and who reads it.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

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
LogType: TypeAlias = Literal["access", "connection", "health_check", "nlb", "clb"]
METADATA_TRACE_ID: Final = "trace_id"
METADATA_LEVEL: Final = "level"
METADATA_PARSE_ERROR: Final = "parse_error"

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

# The agent: one Service name and port whatever runs behind it. Port and images: aws/aws-xray-daemon, aws-observability/aws-otel-collector.
AGENT_PORT: Final = 2000
OTLP_GRPC_PORT: Final = 4317
OTLP_HTTP_PORT: Final = 4318
HEALTH_PORT: Final = 13133
METRICS_PORT: Final = 8888
DAEMON_VERSION: Final = "3.6.6"
DAEMON_IMAGE: Final = f"public.ecr.aws/xray/aws-xray-daemon:{DAEMON_VERSION}"
ADOT_VERSION: Final = "0.49.0"
ADOT_IMAGE: Final = f"public.ecr.aws/aws-observability/aws-otel-collector:v{ADOT_VERSION}"
# Both images name their user by name; Kubernetes needs the number to know that it is not root.
DAEMON_USER_ID: Final = 10001
ADOT_USER_ID: Final = 4317
DAEMON_ADDRESS_VARIABLE: Final = "AWS_XRAY_DAEMON_ADDRESS"
SHIPPER_SERVICE_ACCOUNT: Final = "alb-shipper"
# How the shipper is run and what it reads from its environment: the pipeline's template and the Deployment say it, the shipper obeys.
SHIPPER_COMMAND: Final = ("xray-grafana", "alb", "work")
SHIPPER_LAMBDA_HANDLER: Final = "xray_grafana.alb.lambda_handler.handler"
SHIPPER_VARIABLES: Final = {
    "url": "LOKI_URL",
    "tenant": "LOKI_TENANT",
    "user": "LOKI_USER",
    "password": "LOKI_PASSWORD",
    "bearer_token": "LOKI_BEARER_TOKEN",
}
# The services behind load balancers and target groups: a JSON object from `app/NAME[/ID]` or `targetgroup/NAME[/ID]` to a service_name.
SERVICES_VARIABLE: Final = "ALB_SERVICES"
# The key of the AWS tag that names the service of a load balancer or target group that is not among them.
SERVICE_TAG_VARIABLE: Final = "ALB_SERVICE_TAG"
TIMESTAMP_VARIABLE: Final = "ALB_TIMESTAMP"
# Which of its two times an access-log line has in Loki: the config names it, the shipper obeys.
LineTimestamp: TypeAlias = Literal["request_creation_time", "time"]
# EKS Pod Identity's agent on each node.
POD_IDENTITY_ADDRESS: Final = "169.254.170.23"
# The public chart of the daemon, for those who prefer it.
DAEMON_CHART: Final = "okgolove/aws-xray"
DAEMON_CHART_VERSION: Final = "5.0.0"
# The sandbox: where it serves the API, and the region and the account that it reports unless it is told others.
SANDBOX_PORT: Final = 4000
SANDBOX_REGION: Final = "us-east-1"
SANDBOX_ACCOUNT: Final = "000000000000"
# Where AWS SDKs and the AWS CLI find another X-Ray: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
XRAY_ENDPOINT_VARIABLE: Final = "AWS_ENDPOINT_URL_XRAY"
# Label that every object of the bundle carries (Kubernetes recommended labels).
PART_OF_LABEL: Final = "app.kubernetes.io/part-of"
PART_OF: Final = "xray-grafana"
