"""The scripts for the AWS CLI, linted by shellcheck and run against a stand-in for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.aws import fake_aws
from tests.aws.deploys import IDENTITIES, PLACES, build, deploy, identity_overrides, write
from xray_grafana.config import Config

ACCOUNT = "111122223333"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
APPLY = "aws/iam/apply.sh"
ATTACH = "aws/attach-bucket.sh"
MUTATING = re.compile(r"create-|update-|put-|delete-|attach-|wait ")


@dataclass(frozen=True)
class Account:
    """A bundle on disk, and the account its scripts meet."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, config: Config, **state: Any) -> Account:
        write(config, folder / "out put")  # a blank in the path must not matter
        programs = folder / "bin"
        programs.mkdir()
        aws = programs / "aws"
        aws.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake_aws.__file__}" "$@"\n', encoding="utf-8")
        aws.chmod(0o755)
        bucket = {"location": "eu-west-1", "encryption": "AES256", "policy": None, "notification": None}
        start = {"account": ACCOUNT, "roles": {}, "providers": [PROVIDER], "associations": {}, "bucket": bucket, "calls": []}
        (folder / "state.json").write_text(json.dumps(start | state), encoding="utf-8")
        return cls(folder)

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(self.folder / "bin"), os.environ.get("PATH", os.defpath)))
        environment = {**os.environ, "PATH": path, "FAKE_AWS_STATE": str(self.folder / "state.json")}
        return subprocess.run(
            ["bash", str(self.folder / "out put" / script), *arguments],
            env=environment,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        return found

    @property
    def calls(self) -> list[str]:
        return [call for _, call in self.state["calls"]]

    def kept(self) -> dict[str, Any]:
        """The account without the record of calls."""
        return {key: value for key, value in self.state.items() if key != "calls"}


def all_scripts(config: Config, folder: Path) -> list[Path]:
    write(config, folder)
    return sorted(folder.rglob("*.sh"))


def shellcheck(*scripts: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("shellcheck")
    return subprocess.run([program, "--norc", *map(str, scripts)], capture_output=True, check=False, encoding="utf-8", timeout=60)


@pytest.mark.parametrize("kind", IDENTITIES)
def test_shellcheck_holds_nothing_against_the_scripts(kind: str, tmp_path: Path) -> None:
    scripts = all_scripts(deploy("alb_logs.create_bucket=false", *identity_overrides(kind)), tmp_path)
    assert [script.name for script in scripts] == ["attach-bucket.sh", "apply.sh", "push-image.sh"]
    done = shellcheck(*scripts)
    assert (done.returncode, done.stdout) == (0, "")


def test_shellcheck_finds_a_missing_quote(tmp_path: Path) -> None:
    script, *_ = all_scripts(deploy(), tmp_path)
    script.write_text(script.read_text(encoding="utf-8").replace('--role-name "$name"', "--role-name $name"), encoding="utf-8")
    assert "SC2086" in shellcheck(script).stdout


@pytest.mark.parametrize("kind", IDENTITIES)
def test_nothing_is_changed_unless_told(kind: str, tmp_path: Path) -> None:
    account = Account.of(tmp_path, deploy(*identity_overrides(kind)))
    before = account.kept()
    done = account.run(APPLY)
    assert done.returncode == 0, done.stderr
    assert [call for call in account.calls if MUTATING.search(call)] == []
    assert account.kept() == before
    assert "would run: aws iam put-role-policy" in done.stdout
    assert done.stdout.endswith("nothing was changed; --apply makes these changes\n")


@pytest.mark.parametrize("arguments", [["--aply"], ["--apply", "--apply"], ["agent"]])
def test_an_unknown_argument_is_refused_before_anything_is_asked(arguments: list[str], tmp_path: Path) -> None:
    account = Account.of(tmp_path, deploy())
    done = account.run(APPLY, *arguments)
    assert (done.returncode, account.calls) == (2, [])
    assert "[--dry-run | --apply]" in done.stderr


def test_irsa_roles_are_made_as_the_files_say(tmp_path: Path) -> None:
    config = deploy()
    account = Account.of(tmp_path, config)
    done = account.run(APPLY, "--apply")
    assert done.returncode == 0, done.stderr
    files = build(config)
    assert account.state["roles"] == {
        name: {
            "trust": files[f"aws/iam/trust-{part}.json"].document,
            "policies": {name: files[f"aws/iam/{part}-policy.json"].document},
        }
        for name, part in {"shop-xray-agent": "agent", "shop-grafana-xray": "grafana"}.items()
    }


def test_pod_identity_roles_are_given_to_their_pods(tmp_path: Path) -> None:
    account = Account.of(tmp_path, deploy(*identity_overrides("pod-identity")))
    done = account.run(APPLY, "--apply")
    assert done.returncode == 0, done.stderr
    assert account.state["roles"].keys() == {"shop-xray-agent", "shop-grafana-xray"}
    assert account.state["associations"] == {
        "shop/ops-monitoring-ns/aws-xray": "arn:aws:iam::111122223333:role/shop-xray-agent",
        "shop/grafana/grafana": "arn:aws:iam::111122223333:role/shop-grafana-xray",
    }


def test_the_nodes_role_gets_both_policies(tmp_path: Path) -> None:
    nodes: dict[str, Any] = {"shop-nodes": {"trust": {}, "policies": {"other": {}}}}
    account = Account.of(tmp_path, deploy(*identity_overrides("node-role")), roles=nodes)
    done = account.run(APPLY, "--apply")
    assert done.returncode == 0, done.stderr
    assert account.state["roles"]["shop-nodes"]["policies"].keys() == {"other", "shop-xray-agent", "shop-grafana-xray"}


@pytest.mark.parametrize("kind", IDENTITIES)
def test_a_second_run_leaves_everything_as_it_is(kind: str, tmp_path: Path) -> None:
    nodes: dict[str, Any] = {"shop-nodes": {"trust": {}, "policies": {}}}
    account = Account.of(tmp_path, deploy(*identity_overrides(kind)), roles=nodes)
    assert account.run(APPLY, "--apply").returncode == 0
    after_first = account.kept()
    done = account.run(APPLY, "--apply")
    assert done.returncode == 0, done.stderr
    assert account.kept() == after_first


def test_a_second_run_mends_what_somebody_changed(tmp_path: Path) -> None:
    loose = {"shop-xray-agent": {"trust": {"Statement": []}, "policies": {"shop-xray-agent": {"Statement": []}}}}
    config = deploy(*identity_overrides("pod-identity"))
    account = Account.of(tmp_path, config, roles=loose, associations={"shop/ops-monitoring-ns/aws-xray": "arn:aws:iam::1:role/x"})
    assert account.run(APPLY, "--apply").returncode == 0
    role = account.state["roles"]["shop-xray-agent"]
    assert role["trust"] == build(config)["aws/iam/trust-agent.json"].document
    assert role["policies"]["shop-xray-agent"] == build(config)["aws/iam/agent-policy.json"].document
    assert account.state["associations"]["shop/ops-monitoring-ns/aws-xray"] == "arn:aws:iam::111122223333:role/shop-xray-agent"


@pytest.mark.parametrize("script", [APPLY, ATTACH])
def test_another_account_is_refused(script: str, tmp_path: Path) -> None:
    account = Account.of(tmp_path, deploy("alb_logs.create_bucket=false"), account="444455556666")
    done = account.run(script, "--apply")
    assert (done.returncode, account.calls) == (1, ["sts get-caller-identity"])
    assert done.stderr == "signed in to account 444455556666, but this bundle is for 111122223333: choose another AWS_PROFILE\n"


def test_without_credentials_the_reader_is_told_to_sign_in(tmp_path: Path) -> None:
    account = Account.of(tmp_path, deploy(), account=None)
    done = account.run(APPLY, "--apply")
    assert done.returncode == 1
    assert "no AWS credentials: sign in, or set AWS_PROFILE" in done.stderr


def test_a_refusal_of_aws_is_not_taken_for_a_missing_role(tmp_path: Path) -> None:
    account = Account.of(tmp_path, deploy(), denied=True)
    done = account.run(APPLY, "--apply")
    assert done.returncode == 1
    assert "AccessDenied" in done.stderr
    assert [call for call in account.calls if MUTATING.search(call)] == []


def test_a_cluster_whose_provider_iam_does_not_know_is_refused(tmp_path: Path) -> None:
    account = Account.of(tmp_path, deploy(), providers=[])
    done = account.run(APPLY, "--apply")
    assert (done.returncode, account.state["roles"]) == (1, {})
    assert "hint: eksctl utils associate-iam-oidc-provider --region eu-west-1 --cluster shop --approve" in done.stderr


@pytest.mark.parametrize("region", PLACES)
def test_every_call_goes_to_the_region_of_the_bundle(region: str, tmp_path: Path) -> None:
    """Tokens of one partition are worth nothing in another, so even the first call must go there."""
    account = Account.of(tmp_path, deploy(*identity_overrides("pod-identity"), region=region))
    assert account.run(APPLY).returncode == 0
    assert {called for called, _ in account.state["calls"]} == {region}


THEIR_STATEMENT = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject", "Resource": "*"}
THEIR_POLICY = {"Version": "2012-10-17", "Statement": [THEIR_STATEMENT, {"Sid": "WriteLoadBalancerLogs", "Effect": "Deny"}]}
THEIR_QUEUE = {"Id": "theirs", "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:theirs", "Events": ["s3:ObjectRemoved:*"]}
THEIR_TOPIC = {"Id": "topic", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:theirs", "Events": ["s3:ObjectRemoved:*"]}


def existing_bucket(folder: Path, **bucket: Any) -> Account:
    start = {"location": "eu-west-1", "encryption": "AES256", "policy": None, "notification": None}
    return Account.of(folder, deploy("alb_logs.create_bucket=false"), bucket=start | bucket)


def test_a_bucket_gets_policy_and_notification(tmp_path: Path) -> None:
    account = existing_bucket(tmp_path)
    done = account.run(ATTACH, "--apply")
    assert done.returncode == 0, done.stderr
    files = build(deploy("alb_logs.create_bucket=false"))
    assert account.state["bucket"]["policy"] == files["aws/alb-bucket-policy.json"].document
    assert account.state["bucket"]["notification"] == files["aws/alb-notification.json"].document


def test_what_else_the_bucket_has_is_kept(tmp_path: Path) -> None:
    notification = {"QueueConfigurations": [THEIR_QUEUE, {"Id": "xray-grafana-alb-logs"}], "TopicConfigurations": [THEIR_TOPIC]}
    account = existing_bucket(tmp_path, policy=THEIR_POLICY, notification=notification)
    assert account.run(ATTACH, "--apply").returncode == 0
    bucket = account.state["bucket"]
    theirs, ours = bucket["policy"]["Statement"]
    assert theirs == THEIR_STATEMENT
    assert (ours["Sid"], ours["Effect"]) == ("WriteLoadBalancerLogs", "Allow")
    assert [queue["Id"] for queue in bucket["notification"]["QueueConfigurations"]] == ["theirs", "xray-grafana-alb-logs"]
    assert bucket["notification"]["TopicConfigurations"] == [THEIR_TOPIC]


def test_attaching_twice_is_attaching_once(tmp_path: Path) -> None:
    account = existing_bucket(tmp_path, policy=THEIR_POLICY)
    assert account.run(ATTACH, "--apply").returncode == 0
    after_first = account.kept()
    assert account.run(ATTACH, "--apply").returncode == 0
    assert account.kept() == after_first


def test_a_bucket_is_not_touched_unless_told(tmp_path: Path) -> None:
    account = existing_bucket(tmp_path, policy=THEIR_POLICY)
    before = account.kept()
    done = account.run(ATTACH)
    assert done.returncode == 0, done.stderr
    assert account.kept() == before
    assert "would run: aws s3api put-bucket-policy" in done.stdout


@pytest.mark.parametrize(
    ("bucket", "reason"),
    [
        ({"encryption": "aws:kms"}, "is encrypted with aws:kms"),
        ({"location": "eu-central-1"}, "lies in eu-central-1"),
        ({"location": "None"}, "lies in us-east-1"),
    ],
)
def test_a_bucket_that_load_balancers_cannot_write_to_is_refused(bucket: dict[str, str], reason: str, tmp_path: Path) -> None:
    account = existing_bucket(tmp_path, **bucket)
    done = account.run(ATTACH, "--apply")
    assert done.returncode == 1
    assert reason in done.stderr
    assert [call for call in account.calls if MUTATING.search(call)] == []


@pytest.mark.parametrize("bucket", [{"location": "EU"}, {"encryption": None}])
def test_old_buckets_are_taken(bucket: dict[str, str | None], tmp_path: Path) -> None:
    """S3 calls Ireland EU for old buckets; one without a written rule is encrypted with S3's own key."""
    assert existing_bucket(tmp_path, **bucket).run(ATTACH, "--apply").returncode == 0


def test_no_script_where_there_is_nothing_to_run() -> None:
    assert [path for path in build(deploy("kubernetes=null", "alb_logs=null")) if path.endswith(".sh")] == []
