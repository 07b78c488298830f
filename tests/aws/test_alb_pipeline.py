from __future__ import annotations

from typing import Any

import pytest

from tests.aws.deploys import PLACES, build, deploy, document, identity_overrides
from xray_grafana.bundle.render import render

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FROM_BUCKET = {
    "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::shop-alb-logs"},
    "StringEquals": {"aws:SourceAccount": "111122223333"},
}


def stack(*overrides: str, region: str = "eu-west-1") -> dict[str, Any]:
    return document(deploy(*overrides, region=region), "aws/alb-logs.yaml")


def properties(resource: str, *overrides: str) -> dict[str, Any]:
    found: dict[str, Any] = stack(*overrides)["Resources"][resource]["Properties"]
    return found


def test_the_bucket_is_encrypted_with_s3s_own_key_and_closed_to_the_public() -> None:
    bucket = properties("Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert "VersioningConfiguration" not in bucket


def test_logs_are_deleted_when_the_config_says() -> None:
    (rule,) = properties("Bucket", "alb_logs.retention_days=7")["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 7)


def test_s3_tells_the_queue_of_log_files_below_the_accounts_prefix() -> None:
    (notification,) = properties("Bucket", "alb_logs.key_prefix=alb")["NotificationConfiguration"]["QueueConfigurations"]
    assert notification == {
        "Event": "s3:ObjectCreated:*",
        "Queue": {"Fn::GetAtt": ["Queue", "Arn"]},
        "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "alb/AWSLogs/111122223333/"}, {"Name": "suffix", "Value": ".log.gz"}]}},
    }


def test_the_bucket_waits_until_s3_may_write_to_the_queue() -> None:
    """S3 tries the queue before it takes a notification."""
    assert stack()["Resources"]["Bucket"]["DependsOn"] == ["QueuePolicy"]


def test_only_s3_may_send_and_only_for_this_bucket_of_this_account() -> None:
    (statement,) = properties("QueuePolicy")["PolicyDocument"]["Statement"]
    assert statement == {
        "Sid": "TellOfNewObjects",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
        "Condition": FROM_BUCKET,
    }


def test_a_message_is_hidden_six_times_as_long_as_the_function_may_run() -> None:
    assert properties("Queue")["VisibilityTimeout"] >= 6 * properties("Shipper")["Timeout"]


def test_five_tries_and_fourteen_days_among_the_dead() -> None:
    assert properties("Queue")["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]},
        "maxReceiveCount": 5,
    }
    dead = properties("DeadLetterQueue")
    assert (dead["QueueName"], dead["MessageRetentionPeriod"]) == ("alb-logs-dead", 14 * 24 * 3600)
    assert dead["RedriveAllowPolicy"]["sourceQueueArns"] == ["arn:aws:sqs:eu-west-1:111122223333:alb-logs"]


@pytest.mark.parametrize("queue", ["Queue", "DeadLetterQueue"])
def test_queues_are_encrypted_by_sqs_or_with_the_given_key(queue: str) -> None:
    assert properties(queue)["SqsManagedSseEnabled"] is True
    assert "KmsMasterKeyId" not in properties(queue)
    assert properties(queue, f"alb_logs.queue_kms_key_arn={KEY}")["KmsMasterKeyId"] == KEY
    assert "SqsManagedSseEnabled" not in properties(queue, f"alb_logs.queue_kms_key_arn={KEY}")


def test_a_key_of_ones_own_must_let_s3_encrypt() -> None:
    (statement,) = document(deploy(f"alb_logs.queue_kms_key_arn={KEY}"), "aws/alb-queue-key-policy.json")["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Condition"] == FROM_BUCKET
    assert "aws/alb-queue-key-policy.json" not in build(deploy())


def test_the_function_runs_the_shippers_handler_from_the_image() -> None:
    function = properties("Shipper")
    assert function["PackageType"] == "Image"
    assert function["Code"] == {"ImageUri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/xray-grafana:0.1.0"}
    assert function["ImageConfig"]["Command"] == ["xray_grafana.alb.lambda_handler.handler"]
    assert function["FunctionName"] == "shop-alb-shipper"
    assert properties("ShipperLog")["LogGroupName"] == "/aws/lambda/shop-alb-shipper"


def test_a_message_that_failed_comes_back_alone() -> None:
    feed = properties("ShipperFeed")
    assert feed["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert feed["EventSourceArn"] == {"Fn::GetAtt": ["Queue", "Arn"]}


def test_the_function_is_told_where_loki_is_and_who_asks() -> None:
    overrides = ("logs.tenant=shop", "logs.basic_user=writer", "logs.basic_password=secret:loki/password")
    made = stack(*overrides)
    assert made["Resources"]["Shipper"]["Properties"]["Environment"]["Variables"] == {
        "LOKI_URL": {"Ref": "LokiUrl"},
        "LOKI_TENANT": "shop",
        "LOKI_USER": "writer",
        "LOKI_PASSWORD": {"Fn::Sub": "{{resolve:secretsmanager:${LokiSecret}:SecretString:password}}"},
    }
    assert made["Parameters"]["LokiUrl"]["Default"] == "http://loki.example.net:3100"
    assert "Default" not in made["Parameters"]["LokiSecret"]


def test_the_function_is_told_the_services_behind_load_balancers_in_the_order_of_their_names() -> None:
    variables = properties("Shipper", "alb_logs.services.targetgroup/cart=cart", "alb_logs.services.app/web=caf\u00e9")["Environment"][
        "Variables"
    ]
    assert variables["ALB_SERVICES"] == r'{"app/web":"caf\u00e9","targetgroup/cart":"cart"}'


def test_the_function_is_told_which_time_of_a_line_counts() -> None:
    assert properties("Shipper", "alb_logs.timestamp=time")["Environment"]["Variables"]["ALB_TIMESTAMP"] == "time"


def test_the_function_is_told_the_tag_that_names_services_and_its_role_may_read_it() -> None:
    assert properties("Shipper", "alb_logs.service_tag=service")["Environment"]["Variables"]["ALB_SERVICE_TAG"] == "service"
    (policy,) = properties("ShipperRole", "alb_logs.service_tag=service")["Policies"]
    assert [statement["Sid"] for statement in policy["PolicyDocument"]["Statement"]] == [
        "ReadLogObjects",
        "WorkQueue",
        "ParkMessages",
        "ReadServiceTags",
        "WriteOwnLog",
    ]


def test_a_loki_inside_the_cluster_is_asked_for_because_lambda_cannot_reach_it() -> None:
    for url in ("http://loki:3100", "http://loki-gateway.logging.svc"):
        assert "Default" not in stack(f"logs.url={url}")["Parameters"]["LokiUrl"]
    asked = head("logs.url=http://loki:3100", "logs.bearer_token=$__env{LOKI_TOKEN}")
    assert "--parameter-overrides LokiUrl=… LokiSecret=…\n" in asked


def test_a_first_deployment_that_failed_leaves_nothing_in_the_way_of_the_next() -> None:
    for name in ("Bucket", "DeadLetterQueue"):
        kept = stack()["Resources"][name]
        assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_without_a_password_no_secret_is_asked_for() -> None:
    made = stack()
    assert made["Parameters"].keys() == {"LokiUrl", "Architecture"}
    assert made["Resources"]["Shipper"]["Properties"]["Environment"]["Variables"] == {"LOKI_URL": {"Ref": "LokiUrl"}}


def test_a_deployment_needs_its_role_and_no_function() -> None:
    made = build(deploy("alb_logs.consumer=deployment"))
    resources = made["aws/alb-logs.yaml"].document["Resources"]
    assert resources.keys() == {"DeadLetterQueue", "Queue", "QueuePolicy", "Bucket", "BucketPolicy", "ShipperRole"}
    role = resources["ShipperRole"]["Properties"]
    assert role["RoleName"] == "shop-alb-shipper"
    assert role["AssumeRolePolicyDocument"] == made["aws/iam/trust-shipper.json"].document
    assert [policy["PolicyDocument"] for policy in role["Policies"]] == [made["aws/iam/shipper-policy.json"].document]


def test_pods_on_the_nodes_role_get_a_policy_there() -> None:
    policy = properties("ShipperRolePolicy", "alb_logs.consumer=deployment", *identity_overrides("node-role"))
    assert (policy["RoleName"], policy["PolicyName"]) == ("shop-nodes", "shop-alb-shipper")


def test_pod_identity_associates_the_shipper() -> None:
    association = properties("ShipperRoleAssociation", "alb_logs.consumer=deployment", *identity_overrides("pod-identity"))
    assert (association["Namespace"], association["ServiceAccount"]) == ("ops-monitoring-ns", "alb-shipper")


def test_without_an_image_the_stack_ends_at_the_queue_and_says_so() -> None:
    made = stack("alb_logs.shipper_image=null")
    assert made["Resources"].keys() == {"DeadLetterQueue", "Queue", "QueuePolicy", "Bucket", "BucketPolicy"}
    assert made["Description"] == (
        "ALB access logs from S3 by way of SQS; the stack ends at the queue: without alb_logs.shipper_image nothing reads it."
    )
    assert "Parameters" not in made
    assert made["Outputs"].keys() == {"QueueUrl", "QueueArn", "DeadLetterQueueUrl", "BucketName"}


def test_a_bucket_that_was_there_is_no_part_of_the_stack() -> None:
    made = build(deploy("alb_logs.create_bucket=false", "alb_logs.key_prefix=alb"))
    resources = made["aws/alb-logs.yaml"].document["Resources"]
    assert {"Bucket", "BucketPolicy"} & resources.keys() == set()
    assert made["aws/alb-notification.json"].document == {
        "QueueConfigurations": [
            {
                "Id": "xray-grafana-alb-logs",
                "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:alb-logs",
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {
                    "Key": {
                        "FilterRules": [
                            {"Name": "prefix", "Value": "alb/AWSLogs/111122223333/"},
                            {"Name": "suffix", "Value": ".log.gz"},
                        ]
                    }
                },
            }
        ]
    }
    assert "aws/alb-notification.json" not in build(deploy())


@pytest.mark.parametrize("region", PLACES)
def test_no_arn_names_another_partition(region: str) -> None:
    text = str(stack(region=region))
    assert text.count("'arn:") == text.count(f"'arn:{PLACES[region][0]}:") > 5


def head(*overrides: str) -> str:
    """The comments at the head of the template."""
    text = render(build(deploy(*overrides))["aws/alb-logs.yaml"]).decode()
    return "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))


def test_the_template_says_how_it_is_deployed() -> None:
    assert head().splitlines()[1:] == [
        "# aws cloudformation deploy --region eu-west-1 --stack-name xray-alb-logs \\",
        "#   --template-file alb-logs.yaml --capabilities CAPABILITY_NAMED_IAM",
    ]
    assert "--parameter-overrides LokiSecret=" in head("logs.bearer_token=$__env{LOKI_TOKEN}")


def test_the_template_says_what_must_be_done_beside_it() -> None:
    assert "Before: add the statement of alb-queue-key-policy.json" in head(f"alb_logs.queue_kms_key_arn={KEY}")
    assert "After: bash attach-bucket.sh --apply\n" in head("alb_logs.create_bucket=false")
    assert "Before" not in head()
    assert "After" not in head()
