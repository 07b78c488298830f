"""The demo's manifests, the files of its image, and the two ways to build it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.aws import fake_registry
from tests.aws.fake_registry import changing
from tests.k8s import rules
from tests.k8s.configs import VERSIONS
from tests.k8s.objects_of import Object, kustomize, objects, of_kind, write
from tests.k8s.pod_security import violations
from xray_grafana.bundle.artifact import Artifact
from xray_grafana.bundle.render import render
from xray_grafana.config import Config, parse_config
from xray_grafana.k8s.demo import build_demo

OIDC = "oidc.eks.{}.{}/id/0123456789ABCDEF0123456789ABCDEF"
REGISTRIES = {
    "eu-west-1": "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
    "cn-north-1": "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "us-gov-west-1": "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com",
}
OTEL = ("demo.sdk=opentelemetry", "kubernetes.agent.kind=adot")
HOST_PORT = "kubernetes.agent.routing=host-port"
FORMS: dict[str, tuple[str, ...]] = {
    "xray": (),
    "opentelemetry": OTEL,
    "host-port": (HOST_PORT,),
    "named": ("demo.namespace=try", "demo.host=demo.example.net", "demo.internet_facing=true", "demo.image=example.net/demo:1"),
    "logged": ("alb_logs.bucket=shop-alb-logs", "alb_logs.ingress_group=shop", "alb_logs.key_prefix=alb"),
}
ALB = "alb.ingress.kubernetes.io"


def config(*overrides: str, region: str = "eu-west-1") -> Config:
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    text = (
        f'aws: {{account: "111122223333", region: {region}}}\nkubernetes: {{cluster: shop, oidc_provider: {OIDC.format(region, suffix)}}}\n'
    )
    return parse_config(text + "demo: {}\n", "bundle.yaml", overrides=overrides)


def build(*overrides: str, region: str = "eu-west-1") -> dict[str, Artifact]:
    return {artifact.path: artifact for artifact in build_demo(config(*overrides, region=region))}


def manifests(*overrides: str, region: str = "eu-west-1") -> list[Object]:
    made = build(*overrides, region=region)
    return objects(made[path] for path in made if path.startswith("k8s/demo/") and path.count("/") == 2)


def named(documents: list[Object], kind: str, name: str) -> Object:
    return of_kind([document for document in documents if document["metadata"]["name"] == name], kind)


def pod(documents: list[Object], name: str) -> Object:
    spec: Object = named(documents, "Deployment", name)["spec"]["template"]["spec"]
    return spec


def container(documents: list[Object], name: str) -> Object:
    (found,) = pod(documents, name)["containers"]
    assert isinstance(found, dict)
    return found


def environment(documents: list[Object], name: str) -> list[tuple[str, Any]]:
    return [(each["name"], each.get("value") or each["valueFrom"]["fieldRef"]["fieldPath"]) for each in container(documents, name)["env"]]


def ingress_annotations(*overrides: str) -> dict[str, str]:
    found: dict[str, str] = of_kind(manifests(*overrides), "Ingress")["metadata"]["annotations"]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("form", FORMS)
def test_every_object_fits_the_schema_of_every_version(form: str, version: str) -> None:
    for document in manifests(*FORMS[form]):
        assert kubernetes_validate.validate(document, version, strict=True) == version


@pytest.mark.parametrize("form", FORMS)
def test_the_objects_agree_with_one_another_and_are_restricted(form: str) -> None:
    documents = manifests(*FORMS[form])
    assert rules.findings(documents) == []
    assert [violations(each["spec"]["template"]) for each in documents if each["kind"] == "Deployment"] == [[], []]


@pytest.mark.parametrize("form", FORMS)
def test_kustomize_gives_every_object_and_nothing_of_the_image(form: str, tmp_path: Path) -> None:
    write(build(*FORMS[form]).values(), tmp_path)
    assert sorted(kustomize(tmp_path / "k8s" / "demo"), key=str) == sorted(manifests(*FORMS[form]), key=str)


def test_a_bundle_without_demo_or_cluster_has_none() -> None:
    assert build("demo=null") == {}
    assert build_demo(parse_config('aws: {account: "111122223333", region: eu-west-1}\n', "bundle.yaml")) == ()


def test_the_namespace_enforces_the_restricted_level() -> None:
    labels = of_kind(manifests(), "Namespace")["metadata"]["labels"]
    assert [labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "warn", "audit")] == ["restricted"] * 3


def test_applications_get_the_address_of_the_agents_service_with_its_port() -> None:
    documents = manifests()
    tracing = [("AWS_XRAY_DAEMON_ADDRESS", "aws-xray.ops-monitoring-ns:2000"), ("AWS_REGION", "eu-west-1")]
    assert environment(documents, "demo-back") == [("DEMO_ROLE", "back"), *tracing]
    assert environment(documents, "demo-front") == [("DEMO_ROLE", "front"), ("DEMO_BACK_URL", "http://demo-back"), *tracing]


def test_the_front_finds_the_back_by_its_service() -> None:
    documents = manifests()
    service = named(documents, "Service", "demo-back")
    assert service["metadata"]["namespace"] == named(documents, "Deployment", "demo-front")["metadata"]["namespace"]
    assert service["spec"]["ports"] == [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}]
    assert container(documents, "demo-back")["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]


def test_opentelemetry_sends_to_the_collectors_otlp_port() -> None:
    assert environment(manifests(*OTEL), "demo-back")[1:] == [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://aws-xray.ops-monitoring-ns:4318"),
        ("AWS_REGION", "eu-west-1"),
    ]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((HOST_PORT,), ("AWS_XRAY_DAEMON_ADDRESS", "$(HOST_IP):2000")),
        ((HOST_PORT, *OTEL), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://$(HOST_IP):4318")),
    ],
)
def test_with_a_host_port_the_nodes_own_address_stands_before_what_refers_to_it(
    overrides: tuple[str, ...], expected: tuple[str, str]
) -> None:
    assert environment(manifests(*overrides), "demo-back")[1:3] == [("HOST_IP", "status.hostIP"), expected]


def test_pods_have_no_api_token_and_a_temporary_folder_of_their_own() -> None:
    front = pod(manifests(), "demo-front")
    assert front["automountServiceAccountToken"] is False
    assert front["volumes"] == [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}]
    assert container(manifests(), "demo-front")["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - in the container


def test_the_load_balancer_is_internal_unless_asked_otherwise_and_says_that_it_is_plain_http() -> None:
    internal, facing = ingress_annotations(), ingress_annotations("demo.internet_facing=true")
    assert (internal[f"{ALB}/scheme"], facing[f"{ALB}/scheme"]) == ("internal", "internet-facing")
    assert json.loads(internal[f"{ALB}/listen-ports"]) == [{"HTTP": 80}]
    assert (internal[f"{ALB}/target-type"], internal[f"{ALB}/healthcheck-path"]) == ("ip", "/healthz")
    assert "unencrypted" in internal["xray-grafana/plain-http"]


def test_access_logs_are_on_where_there_is_a_pipeline_for_them() -> None:
    key = f"{ALB}/load-balancer-attributes"
    assert key not in ingress_annotations()
    logged = ingress_annotations(*FORMS["logged"])
    assert logged[key] == "access_logs.s3.enabled=true,access_logs.s3.bucket=shop-alb-logs,access_logs.s3.prefix=alb"
    assert f"{ALB}/group.name" not in logged, "the demo would answer for every host of the group"


def test_the_ingress_leads_to_the_front_for_the_host_asked_for() -> None:
    (rule,) = of_kind(manifests("demo.host=demo.example.net"), "Ingress")["spec"]["rules"]
    assert rule["host"] == "demo.example.net"
    assert rule["http"]["paths"][0]["backend"] == {"service": {"name": "demo-front", "port": {"name": "http"}}}
    assert "host" not in of_kind(manifests(), "Ingress")["spec"]["rules"][0]


@pytest.mark.parametrize("region", REGISTRIES)
def test_deployments_script_and_buildspec_name_one_image_in_the_accounts_registry(region: str) -> None:
    documents = manifests(region=region)
    image = container(documents, "demo-front")["image"]
    registry, _, rest = image.partition("/")
    repository, _, tag = rest.partition(":")
    assert (registry, repository, container(documents, "demo-back")["image"]) == (REGISTRIES[region], "xray-demo", image)
    made = build(region=region)
    script = str(made["aws/demo/push-image.sh"].content).splitlines()
    assert {f"registry={registry}", "repository=xray-demo", f"tag={tag}", f"region={region}"} <= set(script)
    variables = made["aws/demo/buildspec.yaml"].document["env"]["variables"]
    assert variables == {"REGION": region, "REGISTRY": registry, "REPOSITORY": "xray-demo", "TAG": tag}


def test_other_files_in_the_image_are_another_tag() -> None:
    """An immutable tag: what runs is what lies there, and a change makes new pods."""
    xray, again, otel = (container(manifests(*overrides), "demo-front")["image"] for overrides in ((), (), OTEL))
    assert xray == again
    assert xray != otel


def test_an_image_of_ones_own_is_taken_and_nothing_is_pushed_to_the_account() -> None:
    made = build("demo.image=example.net/demo:1")
    assert container(manifests("demo.image=example.net/demo:1"), "demo-front")["image"] == "example.net/demo:1"
    assert [path for path in made if path.startswith("aws/")] == []
    assert "k8s/demo/image/Dockerfile" in made


@pytest.mark.parametrize(("sdk", "module", "packages"), [("xray", "app_xray", "aws-xray-sdk"), ("otel", "app_otel", "opentelemetry-sdk")])
def test_the_image_holds_the_chosen_variant_alone(sdk: str, module: str, packages: str) -> None:
    made = build(*(OTEL if sdk == "otel" else ()))
    image = {path.removeprefix("k8s/demo/image/"): str(made[path].content) for path in made if path.startswith("k8s/demo/image/")}
    assert set(image) == {"Dockerfile", "requirements.txt", "demo_app/shop.py", f"demo_app/{module}.py"}
    assert f'"demo_app.{module}:app"]' in image["Dockerfile"]
    requirements = image["requirements.txt"].split()
    assert [line for line in requirements if line.count("==") != 1] == []
    assert packages in {line.partition("==")[0] for line in requirements}


def test_the_image_has_a_supported_base_and_a_numeric_user_other_than_root() -> None:
    lines = str(build()["k8s/demo/image/Dockerfile"].content).splitlines()
    assert [line for line in lines if line.startswith(("FROM", "USER", "EXPOSE"))] == [
        "FROM python:3.13-slim",
        "USER 10001:10001",
        "EXPOSE 8080",
    ]
    assert pod(manifests(), "demo-front")["securityContext"]["runAsUser"] == 10001


def test_the_buildspec_is_one_that_codebuild_reads() -> None:
    spec = yaml.safe_load(render(build()["aws/demo/buildspec.yaml"]))
    assert spec["version"] == 0.2
    assert list(spec["phases"]) == ["pre_build", "build", "post_build"]
    assert spec["phases"]["build"]["commands"] == ['docker build --tag "$REGISTRY/$REPOSITORY:$TAG" k8s/demo/image']


def test_shellcheck_finds_nothing_in_the_script(tmp_path: Path) -> None:
    script = tmp_path / "push-image.sh"
    script.write_bytes(render(build()["aws/demo/push-image.sh"]))
    done = subprocess.run([Path(sys.executable).with_name("shellcheck"), script], capture_output=True, check=False, encoding="utf-8")
    assert (done.returncode, done.stdout) == (0, "")


def push(folder: Path, *arguments: str, **variables: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    write(build().values(), folder)
    return fake_registry.push(folder / "aws" / "demo" / "push-image.sh", folder, *arguments, **variables)


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_without_apply_the_script_says_what_it_would_do_and_does_nothing(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done, calls = push(tmp_path, *arguments)
    assert (done.returncode, changing(calls)) == (0, [])
    for step in ("ecr create-repository", "docker login", "docker build", "docker push"):
        assert sum(step in line for line in done.stdout.splitlines() if line.startswith("would run:")) == 1


def test_with_apply_the_repository_is_made_and_the_image_built_and_pushed(tmp_path: Path) -> None:
    done, calls = push(tmp_path, "--apply")
    assert done.returncode == 0, done.stderr
    image = container(manifests(), "demo-front")["image"]
    made = changing(calls)
    assert made[0].startswith("aws ecr create-repository ")
    assert "--repository-name xray-demo --image-tag-mutability IMMUTABLE" in made[0]
    assert set(made[1:4]) == {
        "aws ecr get-login-password --region eu-west-1",
        f"docker login --username AWS --password-stdin {REGISTRIES['eu-west-1']}",
        "hunter2",
    }
    assert made[4:] == [
        f"docker build --platform linux/amd64 --tag {image} {tmp_path}/aws/demo/../../k8s/demo/image",
        f"docker push {image}",
    ]
    assert "hunter2" not in done.stdout + done.stderr


def test_a_repository_that_is_there_is_kept_and_the_platform_is_the_nodes(tmp_path: Path) -> None:
    done, calls = push(tmp_path, "--apply", THERE="repository", PLATFORM="linux/arm64")
    assert done.returncode == 0, done.stderr
    assert not any("create-repository" in call for call in calls)
    assert any(call.startswith("docker build --platform linux/arm64 ") for call in calls)


def test_an_image_that_is_there_is_left_alone(tmp_path: Path) -> None:
    done, calls = push(tmp_path, "--apply", THERE="image")
    assert (done.returncode, changing(calls)) == (0, [])
    assert done.stdout.endswith("is there already\n")


@pytest.mark.parametrize(
    ("variables", "said"),
    [({"CALLER": "444455556666"}, "signed in to account 444455556666"), ({"THERE": "refused"}, "AccessDeniedException")],
)
def test_another_account_or_a_refusal_ends_the_script(variables: dict[str, str], said: str, tmp_path: Path) -> None:
    done, calls = push(tmp_path, "--apply", **variables)
    assert (done.returncode, changing(calls)) == (1, [])
    assert said in done.stderr


def test_a_wrong_argument_is_a_usage_error(tmp_path: Path) -> None:
    done, calls = push(tmp_path, "--now")
    assert (done.returncode, calls) == (2, [])
    assert "usage:" in done.stderr
