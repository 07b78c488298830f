"""What each part may do in AWS: identity policies with the actions it calls and no others.

A statement on every resource (`*`) holds only actions for which AWS has no resource types (Service Authorization Reference).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names

POLICY_VERSION: Final = "2012-10-17"

# What aws-xray-daemon and the collector's exporter and proxy call.
_SEND_TRACES: Final = ("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments")
# What x-ray-datasource 2.17.1 calls: pkg/datasource.
_READ_TRACES: Final = (
    "xray:BatchGetTraces",
    "xray:GetGroups",
    "xray:GetInsightSummaries",
    "xray:GetServiceGraph",
    "xray:GetTimeSeriesServiceStatistics",
    "xray:GetTraceGraph",
    "xray:GetTraceSummaries",
)
_READ_APPLICATION_SIGNALS: Final = (
    "application-signals:ListServiceDependencies",
    "application-signals:ListServiceLevelObjectives",
    "application-signals:ListServiceOperations",
    "application-signals:ListServices",
)
# Metric and Logs Insights queries and the health check; alarms, EC2 and tag look-ups serve queries that the bundle has not:
# https://grafana.com/docs/grafana/latest/datasources/aws-cloudwatch/configure/
_READ_METRICS: Final = ("cloudwatch:GetMetricData", "cloudwatch:ListMetrics")
_FOLLOW_LOG_QUERIES: Final = ("logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery")
_QUERY_LOGS: Final = ("logs:GetLogEvents", "logs:GetLogGroupFields", "logs:StartQuery")
# With SendMessage a large object goes on in another message, from where this one stopped.
_WORK_QUEUE: Final = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
)
# What cannot be shipped is put aside with the reason.
_PARK_MESSAGES: Final = ("sqs:SendMessage",)
# SQS decrypts what it gives and makes a data key for what it takes:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
_USE_QUEUE_KEY: Final = ("kms:Decrypt", "kms:GenerateDataKey")
# A message may name one version of an object.
_READ_OBJECTS: Final = ("s3:GetObject", "s3:GetObjectVersion")
# Tags of load balancers and target groups.
_READ_SERVICE_TAGS: Final = ("elasticloadbalancing:DescribeTags",)
_ANY: Final = ("*",)


def allow(sid: str, actions: Iterable[str], resources: Iterable[str]) -> Document:
    """A statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def policy(*statements: Document) -> Document:
    """A policy document of these statements."""
    return {"Version": POLICY_VERSION, "Statement": list(statements)}


def agent_policy() -> Document:
    """What the agent may do: hand over traces and ask for sampling rules, the same for the daemon and the collector."""
    return policy(allow("SendTraces", _SEND_TRACES, _ANY))


def grafana_policy(config: Config) -> Document:
    """What Grafana may do: what its data sources call, and the roles that they take."""
    names = Names(config)
    account, partition = config.aws.account, names.partition
    statements = [allow("ReadTraces", _READ_TRACES, _ANY)]
    if config.xray.application_signals:
        statements.append(allow("ReadApplicationSignals", _READ_APPLICATION_SIGNALS, _ANY))
    if config.cloudwatch.enabled:
        accounts = (account, *config.aws.linked_accounts)
        statements.append(allow("ReadMetrics", _READ_METRICS, _ANY))
        statements.append(allow("QueryLogs", _QUERY_LOGS, [f"arn:{partition}:logs:*:{each}:log-group:*" for each in accounts]))
        statements.append(allow("FollowLogQueries", _FOLLOW_LOG_QUERIES, _ANY))
    if config.aws.linked_accounts:
        statements.append(allow("ListSinks", ["oam:ListSinks"], _ANY))
        statements.append(allow("ListLinkedAccounts", ["oam:ListAttachedLinks"], [f"arn:{partition}:oam:*:{account}:sink/*"]))
    if roles := sorted({source.assume_role_arn for source in config.xray.sources if source.assume_role_arn is not None}):
        statements.append(allow("TakeRolesOfSources", ["sts:AssumeRole"], roles))
    return policy(*statements)


def shipper_policy(config: Config) -> Document:
    """What the log shipper may do: read log objects, work off the queue, put aside what cannot be shipped, and read service tags."""
    names = Names(config)
    statements = [
        allow("ReadLogObjects", _READ_OBJECTS, [names.log_objects_arn]),
        allow("WorkQueue", _WORK_QUEUE, [names.queue_arn]),
        allow("ParkMessages", _PARK_MESSAGES, [names.dead_letter_queue_arn]),
    ]
    if names.alb_logs.queue_kms_key_arn is not None:
        statements.append(allow("UseQueueKey", _USE_QUEUE_KEY, [names.alb_logs.queue_kms_key_arn]))
    if names.alb_logs.service_tag is not None:
        statements.append(allow("ReadServiceTags", _READ_SERVICE_TAGS, _ANY))
    if names.alb_logs.consumer == "lambda":
        group = f"arn:{names.partition}:logs:{config.aws.region}:{config.aws.account}:log-group:{names.shipper_log_group}:*"
        statements.append(allow("WriteOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [group]))
    return policy(*statements)


def keda_policy(config: Config) -> Document:
    """What the KEDA operator may do, whose own role looks at the queue: ask for its length."""
    return policy(allow("MeasureQueue", ["sqs:GetQueueAttributes"], [Names(config).queue_arn]))


def build_policies(config: Config) -> tuple[Artifact, ...]:
    """The policies of the bundle's parts: those of the cluster, and those of the log pipeline."""
    policies: dict[str, Document] = {}
    if config.kubernetes is not None:
        policies |= {"agent": agent_policy(), "grafana": grafana_policy(config)}
    if config.alb_logs is not None:
        policies["shipper"] = shipper_policy(config)
        if config.alb_logs.consumer == "deployment" and config.alb_logs.shipper_image is not None:
            policies["keda"] = keda_policy(config)
    return tuple(Artifact(f"aws/iam/{part}-policy.json", Format.JSON, document) for part, document in policies.items())
