"""The Lambda function that ships access logs, fed by the queue, in CloudFormation."""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.aws.cloudformation import get, output, role_resource, tags
from xray_grafana.aws.policies import shipper_policy
from xray_grafana.aws.trust import lambda_trust
from xray_grafana.bundle.artifact import Document
from xray_grafana.config.loki_address import service_namespace
from xray_grafana.config.models import Config, Logs
from xray_grafana.config.names import Names
from xray_grafana.config.shipper_services import services_variable

TIMEOUT_SECONDS: Final = 300
_MEMORY_MB: Final = 512
_BATCH_SIZE: Final = 10
# How many functions push to Loki at a time, whatever the queue's length: its rate limits are per tenant.
_CONCURRENCY: Final = 4
_LOG_RETENTION_DAYS: Final = 30
_SECRET_PARAMETER: Final = "LokiSecret"  # noqa: S105 - the name of a parameter


def function_parameters(logs: Logs) -> Document:
    """What the stack is asked for: where Loki is for Lambda, which kind of machine the image is for, and where Loki's password lies."""
    parameters: Document = {
        "LokiUrl": {
            "Type": "String",
            **({"Default": logs.url} if service_namespace(logs.url, "any") is None else {}),
            "Description": "Loki's address as Lambda reaches it, over the internet. A Loki in a VPC needs alb_logs.consumer: deployment.",
        },
        "Architecture": {
            "Type": "String",
            "Default": "x86_64",
            "AllowedValues": ["x86_64", "arm64"],
            "Description": "What the image was built for.",
        },
    }
    if keys := _secret_keys(logs):
        parameters[_SECRET_PARAMETER] = {
            "Type": "String",
            "Description": f"Name of the Secrets Manager secret that holds Loki's {keys[0]} under that key.",
        }
    return parameters


def _secret_keys(logs: Logs) -> list[str]:
    """The entries of SHIPPER_VARIABLES that are secret and set."""
    references = {"password": logs.basic_password, "bearer_token": logs.bearer_token}
    return [key for key, reference in references.items() if reference is not None]


def _variables(config: Config, logs: Logs) -> Document:
    """The function's environment. CloudFormation reads the secret when it deploys, so a new password takes a new deployment."""
    values: Document = {"url": {"Ref": "LokiUrl"}, "tenant": logs.tenant, "user": logs.basic_user}
    for key in _secret_keys(logs):
        values[key] = {"Fn::Sub": f"{{{{resolve:secretsmanager:${{{_SECRET_PARAMETER}}}:SecretString:{key}}}}}"}
    variables = {contract.SHIPPER_VARIABLES[key]: value for key, value in values.items()}
    alb_logs = Names(config).alb_logs
    variables[contract.SERVICES_VARIABLE] = services_variable(alb_logs.services)
    variables[contract.SERVICE_TAG_VARIABLE] = alb_logs.service_tag
    variables[contract.TIMESTAMP_VARIABLE] = alb_logs.timestamp
    return {name: value for name, value in variables.items() if value is not None}


def function_resources(config: Config, logs: Logs, image: str, queue: Document) -> Document:
    """The function with its role and its log, and its connection to the queue at `queue`, an expression for its ARN."""
    names = Names(config)
    return {
        "ShipperRole": role_resource(names.shipper_role, shipper_policy(config), lambda_trust()),
        "ShipperLog": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": names.shipper_log_group, "RetentionInDays": _LOG_RETENTION_DAYS, "Tags": tags()},
        },
        "Shipper": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": ["ShipperLog"],
            "Properties": {
                "FunctionName": names.shipper_function,
                "Description": "Ships access logs of load balancers to Loki.",
                "PackageType": "Image",
                "Code": {"ImageUri": image},
                "ImageConfig": {
                    "EntryPoint": ["python", "-m", "awslambdaric"],
                    "Command": [contract.SHIPPER_LAMBDA_HANDLER],
                },
                "Architectures": [{"Ref": "Architecture"}],
                "MemorySize": _MEMORY_MB,
                "Timeout": TIMEOUT_SECONDS,
                "Role": get("ShipperRole", "Arn"),
                "Environment": {"Variables": _variables(config, logs)},
                "Tags": tags(),
            },
        },
        "ShipperFeed": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": queue,
                "FunctionName": {"Ref": "Shipper"},
                "BatchSize": _BATCH_SIZE,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": _CONCURRENCY},
            },
        },
    }


def function_outputs() -> Document:
    """The function by its name."""
    return {"FunctionName": output("The function that ships the logs.", {"Ref": "Shipper"})}
