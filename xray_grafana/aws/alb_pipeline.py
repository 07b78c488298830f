"""The way of access logs from load balancers to the shipper: bucket, queue, dead-letter queue, and what runs the shipper.

`alb-logs.yaml` is one CloudFormation stack. Load balancers write only to a bucket of their own region that is encrypted with S3's own key.
A bucket that was there before is no part of the stack: `attach-bucket.sh` gives it the policy and the notification.
"""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.aws.bucket_policy import bucket_policy
from xray_grafana.aws.cloudformation import deploy_notes, get, output, pod_role_outputs, pod_role_resources, tags, template
from xray_grafana.aws.policies import policy
from xray_grafana.aws.roles import shipper_pod_role
from xray_grafana.aws.shipper_function import TIMEOUT_SECONDS, function_outputs, function_parameters, function_resources
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names

# AWS: at least six times the function's timeout, so that no message is seen twice while it is tried
# (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
_VISIBILITY_SECONDS: Final = 6 * TIMEOUT_SECONDS
_DAY: Final = 86400
_QUEUE_DAYS: Final = 4
_DEAD_LETTER_DAYS: Final = 14
_TRIES: Final = 5
# Kept when the stack goes, but not by a first deployment that failed: the next one could not make what is there.
_KEPT: Final[Document] = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
# The log files of load balancers, and not the test file they write when logging is switched on.
_LOG_SUFFIX: Final = ".log.gz"


def build_alb_pipeline(config: Config) -> tuple[Artifact, ...]:
    """The stack, and what must be added to a bucket or key that was there before."""
    if config.alb_logs is None:
        return ()
    artifacts = [Artifact("aws/alb-logs.yaml", Format.YAML, _stack(config), _notes(config))]
    if not config.alb_logs.create_bucket:
        artifacts.append(Artifact("aws/alb-notification.json", Format.JSON, _notification(config)))
    if config.alb_logs.queue_kms_key_arn is not None:
        artifacts.append(Artifact("aws/alb-queue-key-policy.json", Format.JSON, _key_policy(config)))
    return tuple(artifacts)


def _notes(config: Config) -> str:
    """How the stack is deployed, and what must be done beside it."""
    names = Names(config)
    asked = [f"{name}=…" for name, parameter in _parameters(config).items() if "Default" not in parameter]
    notes = deploy_notes(config, "alb-logs", *([f"--parameter-overrides {' '.join(asked)}"] if asked else []))
    if names.alb_logs.queue_kms_key_arn is not None:
        notes += "Before: add the statement of alb-queue-key-policy.json to the policy of the queue's key.\n"
    if not names.alb_logs.create_bucket:
        notes += "After: bash attach-bucket.sh --apply\n"
    return notes


def _parameters(config: Config) -> Document:
    alb_logs = Names(config).alb_logs
    if alb_logs.shipper_image is None or config.logs is None or alb_logs.consumer != "lambda":
        return {}
    return function_parameters(config.logs)


def _stack(config: Config) -> Document:
    names = Names(config)
    alb_logs = names.alb_logs
    resources = _queues(config)
    outputs = {
        "QueueUrl": output("Where the shipper reads which objects are new.", {"Ref": "Queue"}),
        "QueueArn": output("The same queue for policies.", get("Queue", "Arn")),
        "DeadLetterQueueUrl": output(f"Objects that could not be shipped in {_TRIES} tries.", {"Ref": "DeadLetterQueue"}),
    }
    if alb_logs.create_bucket:
        resources |= _bucket(config)
        outputs["BucketName"] = output("Where load balancers write their logs.", {"Ref": "Bucket"})
    if alb_logs.shipper_image is None or config.logs is None:
        end = "ends at the queue: without alb_logs.shipper_image nothing reads it"
    elif alb_logs.consumer == "lambda":
        end = "ends at a Lambda function that ships them to Loki"
        resources |= function_resources(config, config.logs, alb_logs.shipper_image, get("Queue", "Arn"))
        outputs |= function_outputs()
    else:
        end = "ends at the role of the Deployment that ships them to Loki"
        role = shipper_pod_role(config)
        resources |= pod_role_resources(names, role)
        outputs |= pod_role_outputs(role)
    return template(config, f"ALB access logs from S3 by way of SQS; the stack {end}.", resources, outputs, _parameters(config))


def _queues(config: Config) -> Document:
    names = Names(config)
    key = names.alb_logs.queue_kms_key_arn
    encryption: Document = {"SqsManagedSseEnabled": True} if key is None else {"KmsMasterKeyId": key}
    return {
        "DeadLetterQueue": {
            "Type": "AWS::SQS::Queue",
            **_KEPT,
            "Properties": {
                "QueueName": names.dead_letter_queue,
                "MessageRetentionPeriod": _DEAD_LETTER_DAYS * _DAY,
                "RedriveAllowPolicy": {"redrivePermission": "byQueue", "sourceQueueArns": [names.queue_arn]},
                "Tags": tags(),
                **encryption,
            },
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "QueueName": names.alb_logs.queue,
                "VisibilityTimeout": _VISIBILITY_SECONDS,
                "MessageRetentionPeriod": _QUEUE_DAYS * _DAY,
                "RedrivePolicy": {"deadLetterTargetArn": get("DeadLetterQueue", "Arn"), "maxReceiveCount": _TRIES},
                "Tags": tags(),
                **encryption,
            },
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": policy(_send_statement(config, get("Queue", "Arn")))},
        },
    }


def _from_bucket(config: Config) -> Document:
    """Holds for what S3 does for the bucket, and only while the account owns it: a bucket's name can go to another."""
    return {
        "ArnEquals": {"aws:SourceArn": Names(config).bucket_arn},
        "StringEquals": {"aws:SourceAccount": config.aws.account},
    }


def _send_statement(config: Config, queue: Document) -> Document:
    return {
        "Sid": "TellOfNewObjects",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": _from_bucket(config),
    }


def _bucket(config: Config) -> Document:
    names = Names(config)
    return {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "DependsOn": ["QueuePolicy"],  # S3 sends a test message before it takes the notification
            **_KEPT,
            "Properties": {
                "BucketName": names.alb_logs.bucket,
                "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": "DeleteOldLogs",
                            "Status": "Enabled",
                            "ExpirationInDays": names.alb_logs.retention_days,
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                        }
                    ]
                },
                "NotificationConfiguration": {
                    "QueueConfigurations": [
                        {
                            "Event": "s3:ObjectCreated:*",
                            "Queue": get("Queue", "Arn"),
                            "Filter": {"S3Key": {"Rules": _filter_rules(names)}},
                        }
                    ]
                },
                "Tags": tags(),
            },
        },
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": bucket_policy(config)},
        },
    }


def _filter_rules(names: Names) -> list[Document]:
    return [{"Name": "prefix", "Value": names.log_key_prefix}, {"Name": "suffix", "Value": _LOG_SUFFIX}]


def _notification(config: Config) -> Document:
    """The notification as `aws s3api` takes it."""
    names = Names(config)
    queue = {
        "Id": f"{contract.PART_OF}-{names.alb_logs.queue}",
        "QueueArn": names.queue_arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": _filter_rules(names)}},
    }
    return {"QueueConfigurations": [queue]}


def _key_policy(config: Config) -> Document:
    """The statement that the queue's key needs, or S3 drops every message without a word; `*` means the key itself."""
    return policy(
        {
            "Sid": "EncryptMessagesOfS3",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": _from_bucket(config),
        }
    )
