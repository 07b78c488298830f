"""What a segment document says of where a process runs and of calls to AWS and to databases, from a span's and its resource's attributes.

Attribute names: OpenTelemetry semantic conventions, and those that the AWS SDKs' instrumentations write. Members of the documents: X-Ray
Developer Guide, "segment documents". What goes where is what the OpenTelemetry collector's awsxray exporter does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from xray_grafana.sandbox.otlp.http import host_of
from xray_grafana.sandbox.otlp.values import Attributes, OtlpSpan, Value, given, text_of

RPC_SYSTEM: Final = ("rpc.system", "rpc.system.name")
AWS_API: Final = "aws-api"
DB_NAME: Final = ("db.namespace", "db.name")
DB_SYSTEM: Final = ("db.system.name", "db.system")

_OPERATION: Final = ("aws.operation", "rpc.method")
_ACCOUNT: Final = "aws.account_id"
_REGION: Final = ("aws.region", "cloud.region")
_REQUEST_ID: Final = ("aws.request_id", "aws.requestId")
_QUEUE_URL: Final = ("messaging.url", "aws.sqs.queue.url", "aws.queue_url", "aws.queue.url")
_TABLE_NAMES: Final = "aws.dynamodb.table_names"
_TABLE_NAME: Final = ("aws.table_name", "aws.table.name")
AWS_NAMES: Final = frozenset((*_OPERATION, _ACCOUNT, *_REGION, *_REQUEST_ID, *_QUEUE_URL, _TABLE_NAMES, *_TABLE_NAME))

_DB_ADDRESS: Final = "db.connection_string"
_DB_STATEMENT: Final = ("db.query.text", "db.statement")
_DB_USER: Final = "db.user"
SQL_NAMES: Final = frozenset((*DB_NAME, *DB_SYSTEM, _DB_ADDRESS, *_DB_STATEMENT, _DB_USER))
_SQL_SYSTEMS: Final = frozenset(
    {
        *("db2", "derby", "hive", "mariadb", "mssql", "mysql", "oracle", "other_sql", "postgresql", "sqlite", "teradata"),
        *("ibm.db2", "microsoft.sql_server", "oracle.db"),
    }
)

_ORIGINS: Final = {
    "aws_app_runner": "AWS::AppRunner::Service",
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
    "aws_lambda": "AWS::Lambda::Function",
}
_ECS_ORIGINS: Final = {"ec2": "AWS::ECS::EC2", "fargate": "AWS::ECS::Fargate"}
_ZONE: Final = "cloud.availability_zone"
_DIGITS_MAX: Final = 19
_NAME_IN_ARN: Final = 6


def origin_of(resource: Attributes) -> str | None:
    """The kind of AWS resource that the process runs on; None elsewhere."""
    if not _in_aws(resource):
        return None
    platform = text_of(resource, "cloud.platform") or ""
    launched = _ECS_ORIGINS.get(text_of(resource, "aws.ecs.launchtype") or "") if platform == "aws_ecs" else None
    return launched or _ORIGINS.get(platform)


def service_of(resource: Attributes) -> dict[str, str] | None:
    """The block `service`: the version that runs."""
    version = text_of(resource, "service.version", "container.image.tag")
    return {"version": version} if version else None


def call_of(attributes: Attributes) -> dict[str, Value]:
    """The members of the block `aws` that tell of a call."""
    tables = attributes.get(_TABLE_NAMES)
    names: list[Value] = [name for name in tables if isinstance(name, str)] if isinstance(tables, list) else []
    (only,) = names if len(names) == 1 else (text_of(attributes, _TABLE_NAMES, *_TABLE_NAME),)
    return given(
        {
            "operation": text_of(attributes, *_OPERATION),
            "account_id": text_of(attributes, _ACCOUNT),
            "region": text_of(attributes, *_REGION),
            "request_id": text_of(attributes, *_REQUEST_ID),
            "queue_url": text_of(attributes, *_QUEUE_URL),
            "table_name": None if len(names) > 1 else only,
            "table_names": names if len(names) > 1 else None,
        }
    )


def home_of(resource: Attributes) -> dict[str, Any]:
    """The members of the block `aws` that tell where the process runs and what traces it."""
    sdk, language = text_of(resource, "telemetry.sdk.name"), text_of(resource, "telemetry.sdk.language")
    automatic = text_of(resource, "telemetry.distro.version", "telemetry.auto.version") is not None
    told = {"sdk": f"{sdk} for {language}" if sdk and language else sdk, "sdk_version": text_of(resource, "telemetry.sdk.version")}
    xray = {**given(told), "auto_instrumentation": automatic}
    if not _in_aws(resource):
        return {"xray": xray}
    platform = text_of(resource, "cloud.platform")
    blocks = {
        "ec2": _ec2(resource) if platform == "aws_ec2" or text_of(resource, "host.id") else None,
        "ecs": _ecs(resource) if platform == "aws_ecs" else None,
        "elastic_beanstalk": _beanstalk(resource) if platform == "aws_elastic_beanstalk" else None,
        "eks": _eks(resource) if platform == "aws_eks" or text_of(resource, "k8s.cluster.name") else None,
        "cloudwatch_logs": _log_groups(resource),
    }
    return {
        **given({"account_id": text_of(resource, "cloud.account.id")}),
        **{name: block for name, block in blocks.items() if block},
        "xray": xray,
    }


def sql_of(span: OtlpSpan) -> dict[str, str] | None:
    """The block `sql`; None for what is no SQL database."""
    attributes = span.attributes
    system = text_of(attributes, *DB_SYSTEM)
    if system not in _SQL_SYSTEMS:
        return None
    address = text_of(attributes, _DB_ADDRESS) or host_of(attributes) or "localhost"
    return given(
        {
            "url": span.name or None,
            "connection_string": f"{address}/{text_of(attributes, *DB_NAME) or ''}",
            "database_type": system,
            "user": text_of(attributes, _DB_USER),
            "sanitized_query": text_of(attributes, *_DB_STATEMENT),
        }
    )


def database_of(attributes: Attributes) -> str | None:
    """A database as X-Ray names one: `name@host`; None without a name."""
    name = text_of(attributes, *DB_NAME)
    if name is None:
        return None
    host = _host_in(text_of(attributes, _DB_ADDRESS)) or host_of(attributes)
    return f"{name}@{host}" if host else name


def _host_in(address: str | None) -> str | None:
    try:
        return urlsplit((address or "").removeprefix("jdbc:")).hostname
    except ValueError:
        return None


def _in_aws(resource: Attributes) -> bool:
    return text_of(resource, "cloud.provider") in {None, "aws"}


def _texts(resource: Attributes, names: Mapping[str, str]) -> dict[str, str]:
    """Members of a block from the attributes that hold them, without those that are not there."""
    return given({member: text_of(resource, name) for member, name in names.items()})


def _ec2(resource: Attributes) -> dict[str, str]:
    return _texts(resource, {"instance_id": "host.id", "availability_zone": _ZONE, "instance_size": "host.type", "ami_id": "host.image.id"})


def _ecs(resource: Attributes) -> dict[str, str]:
    names = {
        "container": "container.name",
        "container_id": "container.id",
        "availability_zone": _ZONE,
        "container_arn": "aws.ecs.container.arn",
        "cluster_arn": "aws.ecs.cluster.arn",
        "task_arn": "aws.ecs.task.arn",
        "task_family": "aws.ecs.task.family",
        "launch_type": "aws.ecs.launchtype",
    }
    return _texts(resource, names)


def _beanstalk(resource: Attributes) -> dict[str, str | int]:
    deployment = text_of(resource, "service.instance.id") or ""
    number = {"deployment_id": int(deployment)} if deployment.isascii() and deployment.isdecimal() and len(deployment) < _DIGITS_MAX else {}
    return {**_texts(resource, {"environment_name": "service.namespace", "version_label": "service.version"}), **number}


def _eks(resource: Attributes) -> dict[str, str]:
    return _texts(resource, {"cluster_name": "k8s.cluster.name", "pod": "k8s.pod.name", "container_id": "container.id"})


def _log_groups(resource: Attributes) -> list[dict[str, str]]:
    """By ARN, which holds the name as its seventh part, or else by name."""
    arns = _listed(resource.get("aws.log.group.arns"))
    if arns:
        return [{"arn": arn, "log_group": arn.split(":")[_NAME_IN_ARN] if arn.count(":") >= _NAME_IN_ARN else arn} for arn in arns]
    return [{"log_group": name} for name in _listed(resource.get("aws.log.group.names"))]


def _listed(value: Value) -> list[str]:
    """OTEL_RESOURCE_ATTRIBUTES knows no lists: several names are joined by `&` there."""
    if isinstance(value, str):
        return [name for name in value.split("&") if name]
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
