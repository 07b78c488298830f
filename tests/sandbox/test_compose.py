"""The Compose file: valid by the Compose Specification, whole within itself, closed to other machines, and its parts fit this program."""

from __future__ import annotations

import copy
import json
import re
import socket
import threading
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from compose_spec import PyCompose

import xray_grafana
from tests.alb.aws import Aws, aws, aws_server  # noqa: F401 — fixtures
from xray_grafana import contract
from xray_grafana.bundle.build import build_bundle
from xray_grafana.checks import check_bundle
from xray_grafana.cli.group import cli
from xray_grafana.config import parse_config
from xray_grafana.k8s.demo_image import PORT, USER_ID
from xray_grafana.k8s.grafana_settings import image_tag, plugin_pin
from xray_grafana.provisioning.providers import DASHBOARDS_PATH
from xray_grafana.sandbox.compose.bucket import make
from xray_grafana.sandbox.compose.stage import Stage, compose_file
from xray_grafana.sandbox.compose.visitor import visit

ROOT = Path(__file__).parents[2]
STAGE = Stage(region="eu-central-1", account="444455556666", seed=7)
TEXT = compose_file(STAGE)
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read(document: dict[str, Any]) -> dict[str, Any]:
    """What Compose makes of it: every text outside of comments with `$$` as `$`."""
    undone: dict[str, Any] = yaml.safe_load(yaml.safe_dump(document).replace("$$", "$"))
    return undone


def texts(value: object) -> Iterator[str]:
    """Every text of a document but keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def bundle_config(document: dict[str, Any]) -> str:
    return str(read(document)["configs"]["bundle"]["content"])


def loki_config(document: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(read(document)["configs"]["loki"]["content"])
    return loaded


def inlined(service: dict[str, Any]) -> list[str]:
    return [each["source"] for each in service.get("configs", [])]


# The gates: each says what is wrong with a document, in a few words


def schema_faults(document: dict[str, Any]) -> list[str]:
    """By the types of the Compose Specification, and its own check of what refers to what."""
    try:
        PyCompose.from_yaml(yaml.safe_dump(document)).validate()
    except ValueError as error:
        return [str(error)]
    return []


def reference_faults(document: dict[str, Any]) -> list[str]:
    services = document["services"]
    found = []
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if other not in services:
                found.append(f"{name} waits for {other}, which is not there")
            elif how["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                found.append(f"{name} waits for the health of {other}, which is not asked")
            elif how["condition"] == "service_completed_successfully" and services[other].get("restart") != "no":
                found.append(f"{name} waits for the end of {other}, which is started again")
        found += [f"{name}: no config {each}" for each in inlined(service) if each not in document["configs"]]
        found += [f"{name}: no volume {each['source']}" for each in service.get("volumes", []) if each["source"] not in document["volumes"]]
    return found


def order_faults(document: dict[str, Any]) -> list[str]:
    """Services that wait for each other."""
    waiting = {name: set(service.get("depends_on", {})) for name, service in document["services"].items()}
    while ready := {name for name, others in waiting.items() if not others & set(waiting)}:
        for name in ready:
            del waiting[name]
    return sorted(waiting)


def dollar_faults(document: dict[str, Any]) -> list[str]:
    """Texts in which Compose would look for a variable."""
    return [text for text in texts(document) if any(len(run) % 2 for run in re.findall(r"\$+", text))]


def host_faults(document: dict[str, Any]) -> list[str]:
    """Addresses in which a host or its port is none of those that the containers have."""
    known = {
        ("grafana", "3000"), ("sandbox", "4000"), ("sandbox", "2000"), ("loki", "3100"), ("moto", "5000"),
        ("demo-front", str(PORT)), ("demo-back", str(PORT)), ("localhost", "3000"),
    }  # fmt: skip
    services = [{key: value for key, value in service.items() if key != "image"} for service in read(document)["services"].values()]
    found = [
        pair for text in texts([services, read(document)["configs"]]) for pair in re.findall(r"(?:https?://|^)([a-z-]+):([0-9]+)", text)
    ]
    return [f"{host}:{port}" for host, port in found if (host, port) not in known]


def port_faults(document: dict[str, Any]) -> list[str]:
    return [
        f"{name}: {port}"
        for name, service in document["services"].items()
        for port in service.get("ports", [])
        if not re.fullmatch(r"127\.0\.0\.1:(\d+):\1/(tcp|udp)", port)
    ]


def image_faults(document: dict[str, Any]) -> list[str]:
    return [
        name for name, service in document["services"].items() if re.fullmatch(r"[a-z./-]+:(?!latest)[\w.-]+", service["image"]) is None
    ]


def build_faults(document: dict[str, Any]) -> list[str]:
    """Images that two services build, which stand in each other's way (docker/compose builds side by side), and those that none builds."""
    services = document["services"].values()
    built = [service["image"] for service in services if "build" in service]
    taken = {service["image"] for service in services if service.get("pull_policy") == "never"}
    return sorted({image for image in built if built.count(image) > 1} | (taken - set(built)))


def right_faults(document: dict[str, Any]) -> list[str]:
    found = []
    for name, service in document["services"].items():
        if re.fullmatch(r"[1-9]\d*:\d+", service.get("user", "")) is None:
            found.append(f"{name} is root")
        if service.get("cap_drop") != ["ALL"] or "cap_add" in service or "privileged" in service:
            found.append(f"{name} keeps capabilities")
        if service.get("security_opt") != ["no-new-privileges:true"]:
            found.append(f"{name} can gain privileges")
        # Docker copies an inline config into the container, which it cannot into a read-only one (docker/compose issue 12031).
        if bool(service.get("read_only")) is bool(inlined(service)):
            found.append(f"{name} is read-only and has an inline config, or neither")
    return found


def loki_faults(document: dict[str, Any]) -> list[str]:
    """Where Loki keeps what it has must be the volume, and must be said twice (Loki 3.7: else chunks are in the working folder)."""
    config = loki_config(document)
    (volume,) = document["services"]["loki"]["volumes"]
    folders = {
        "common.path_prefix": config.get("common", {}).get("path_prefix"),
        "storage_config.object_store.filesystem.dir": config.get("storage_config", {})
        .get("object_store", {})
        .get("filesystem", {})
        .get("dir"),
    }
    return [name for name, folder in folders.items() if not str(folder).startswith(volume["target"])]


def endpoint_faults(document: dict[str, Any]) -> list[str]:
    """What Grafana's data sources are wrong about."""
    config = parse_config(bundle_config(document), "bundle.yaml")
    bundle = build_bundle(config)
    (path,) = [artifact.path for artifact in bundle if artifact.path.startswith("provisioning/datasources/")]
    sources = {source["type"]: source for source in bundle[path].document["datasources"]}
    environ = document["services"]["grafana"]["environment"]
    keys = sources[contract.XRAY_PLUGIN_ID]["secureJsonData"].values()
    checks = {
        "X-Ray is elsewhere": sources[contract.XRAY_PLUGIN_ID]["jsonData"]["endpoint"] != "http://sandbox:4000",
        "X-Ray asks AWS for credentials": sources[contract.XRAY_PLUGIN_ID]["jsonData"]["authType"] != "keys",
        "another region": sources[contract.XRAY_PLUGIN_ID]["jsonData"]["defaultRegion"] != STAGE.region,
        "Loki is elsewhere": sources[contract.LOKI_PLUGIN_ID]["url"] != "http://loki:3100",
        "a key that Grafana does not have": any(re.sub(r"^\$__env\{(.*)\}$", r"\1", key) not in environ for key in keys),
    }
    return [fault for fault, holds in checks.items() if holds]


def command_faults(document: dict[str, Any]) -> list[str]:
    """Calls of this program that it would refuse."""
    found = []
    calls = [(name, list(document["services"][name]["command"])) for name in ("sandbox", "shipper")]
    for name in ("bundle", "report"):
        (script,) = document["services"][name]["command"]
        calls += [(name, call.split()) for call in re.findall(r"xray-grafana ([^;&]+)", script)]
    for name, arguments in calls:
        command: click.Command = cli
        while isinstance(command, click.Group):
            command = command.commands[arguments.pop(0)]
        try:
            command.make_context(name, arguments).close()
        except click.ClickException as error:
            found.append(f"{name}: {error.format_message()}")
    return found


GATES: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "schema": schema_faults,
    "reference": reference_faults,
    "order": order_faults,
    "dollar": dollar_faults,
    "host": host_faults,
    "port": port_faults,
    "image": image_faults,
    "build": build_faults,
    "right": right_faults,
    "loki": loki_faults,
    "endpoint": endpoint_faults,
    "command": command_faults,
}


@pytest.mark.parametrize("gate", GATES)
def test_nothing_is_wrong_with_the_compose_file(gate: str) -> None:
    assert GATES[gate](DOCUMENT) == []


Plant = Callable[[dict[str, Any]], object]

PLANTED: dict[str, tuple[str, Plant]] = {
    "a misspelt key": ("schema", lambda it: it["services"]["loki"].update(prots=[])),
    "an unknown condition": ("schema", lambda it: it["services"]["sandbox"]["depends_on"]["loki"].update(condition="healthy")),
    "a config of another name": ("schema", lambda it: it["configs"].update(bundel=it["configs"].pop("bundle"))),
    "a volume of another name": ("reference", lambda it: it["volumes"].pop("bundle")),
    "an inline config of another name": ("reference", lambda it: it["configs"].pop("loki")),
    "a service of another name": ("reference", lambda it: it["services"].pop("demo-front")),
    "no health check": ("reference", lambda it: it["services"]["loki"].pop("healthcheck")),
    "a task that is started again": ("reference", lambda it: it["services"]["bucket"].update(restart="always")),
    "a circle": ("order", lambda it: it["services"]["moto"].update(depends_on={"sandbox": {"condition": "service_healthy"}})),
    "a single dollar": ("dollar", lambda it: it["configs"]["bundle"].update(content="key: $__env{X}\n")),
    "a dollar in a command": ("dollar", lambda it: it["services"]["sandbox"]["command"].append("$HOME")),
    "an unknown host": ("host", lambda it: it["services"]["shipper"]["command"].append("http://lokki:3100")),
    "an unknown port": ("host", lambda it: it["services"]["demo-front"]["environment"].update(AWS_XRAY_DAEMON_ADDRESS="sandbox:2001")),
    "an open port": ("port", lambda it: it["services"]["grafana"].update(ports=["3000:3000/tcp"])),
    "another open port": ("port", lambda it: it["services"]["sandbox"]["ports"].append("0.0.0.0:4000:4000/tcp")),
    "no tag": ("image", lambda it: it["services"]["moto"].update(image="motoserver/moto")),
    "no pin": ("image", lambda it: it["services"]["moto"].update(image="motoserver/moto:latest")),
    "an image built twice": ("build", lambda it: it["services"]["shipper"].update(build={"context": "."})),
    "an image that nobody builds": ("build", lambda it: it["services"]["sandbox"].pop("build")),
    "root": ("right", lambda it: it["services"]["bundle"].update(user="0:0")),
    "the image's own user": ("right", lambda it: it["services"]["grafana"].pop("user")),
    "a capability": ("right", lambda it: it["services"]["moto"].update(cap_add=["NET_RAW"])),
    "privileges": ("right", lambda it: it["services"]["moto"].pop("security_opt")),
    "a root that can be written": ("right", lambda it: it["services"]["moto"].pop("read_only")),
    "a config for a root that cannot be written": ("right", lambda it: it["services"]["loki"].update(read_only=True)),
    "Loki's folder left out": ("loki", lambda it: it["configs"]["loki"].update(content="common: {path_prefix: /loki}\n")),
    "Loki's volume elsewhere": ("loki", lambda it: it["services"]["loki"]["volumes"][0].update(target="/data")),
    "X-Ray elsewhere": (
        "endpoint",
        lambda it: it["configs"]["bundle"].update(content=it["configs"]["bundle"]["content"].replace("sandbox:4000", "localhost:4000")),
    ),
    "a key that is not set": ("endpoint", lambda it: it["services"]["grafana"]["environment"].pop("SANDBOX_ACCESS_KEY_ID")),
    "an unknown option": ("command", lambda it: it["services"]["sandbox"]["command"].append("--lag")),
    "an unknown option in a script": ("command", lambda it: it["services"]["report"].update(command=["xray-grafana alb report --red;"])),
    "a bad value": ("command", lambda it: it["services"]["sandbox"]["command"].extend(["--http", "4000"])),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str) -> None:
    gate, plant = PLANTED[fault]
    document = copy.deepcopy(DOCUMENT)
    plant(document)
    assert GATES[gate](document) != []


def test_every_gate_is_tried() -> None:
    assert {gate for gate, _ in PLANTED.values()} == set(GATES)


# What fits together


def test_a_config_that_is_wrong_is_refused_by_the_programs_own_reader() -> None:
    with pytest.raises(Exception, match="mistake"):
        parse_config(bundle_config(DOCUMENT).replace("endpoint:", "endpiont:"), "bundle.yaml")


def test_the_bundle_of_the_inline_config_breaks_no_rule() -> None:
    config = parse_config(bundle_config(DOCUMENT), "bundle.yaml")
    findings = check_bundle(config, build_bundle(config))
    assert [str(finding) for finding in findings] == []


def test_grafana_finds_the_bundle_where_its_provider_says() -> None:
    (_, mount) = SERVICES["grafana"]["volumes"]
    (written,) = SERVICES["bundle"]["volumes"]
    assert (mount["source"], mount["target"], mount["read_only"]) == (written["source"], DASHBOARDS_PATH, True)
    assert f"--output {written['target']} " in SERVICES["bundle"]["command"][0]
    environ = SERVICES["grafana"]["environment"]
    assert environ["GF_PATHS_PROVISIONING"] == f"{DASHBOARDS_PATH}/provisioning"
    config = parse_config(bundle_config(DOCUMENT), "bundle.yaml")
    home = environ["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].removeprefix(f"{DASHBOARDS_PATH}/")
    assert home in {artifact.path for artifact in build_bundle(config)}


def test_versions_are_those_that_are_tested() -> None:
    config = parse_config(bundle_config(DOCUMENT), "bundle.yaml")
    assert SERVICES["grafana"]["image"] == f"grafana/grafana:{image_tag(config)}"
    assert SERVICES["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"] == plugin_pin(config)
    (moto,) = [each.partition("==")[2] for each in PROJECT["dependency-groups"]["dev"] if each.startswith("moto[")]
    assert SERVICES["moto"]["image"] == f"motoserver/moto:{moto}"
    (loki,) = re.findall(r"^\| Loki \|.* (\d+\.\d+\.\d+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert SERVICES["loki"]["image"] == f"grafana/loki:{loki}"


def test_images_are_built_from_what_a_clone_has() -> None:
    built = {name: service["build"]["context"] for name, service in SERVICES.items() if "build" in service}
    assert built == {"sandbox": ".", "demo-back": "k8s/demo/image"}
    taken = {name for name, service in SERVICES.items() if service.get("pull_policy") == "never"}
    assert taken == {"bundle", "demo-front", "visitor", "bucket", "shipper", "report"}
    assert all((ROOT / context / "Dockerfile").is_file() for context in built.values())
    assert SERVICES["sandbox"]["image"] == f"xray-grafana:{xray_grafana.__version__}"


def test_users_are_those_of_the_images() -> None:
    assert f"USER {SERVICES['sandbox']['user']}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert SERVICES["demo-front"]["user"] == f"{USER_ID}:{USER_ID}"


def test_region_account_and_seed_are_those_asked_for() -> None:
    options = dict(pairwise(SERVICES["sandbox"]["command"]))
    assert (options["--region"], options["--account"], options["--seed"]) == ("eu-central-1", "444455556666", "7")
    assert {
        service["environment"]["AWS_DEFAULT_REGION"]
        for service in SERVICES.values()
        if "AWS_ENDPOINT_URL" in service.get("environment", {})
    } == {"eu-central-1"}
    assert SERVICES["moto"]["environment"]["MOTO_ACCOUNT_ID"] == "444455556666"
    assert "http://moto:5000/444455556666/alb-logs" in SERVICES["shipper"]["command"]
    assert parse_config(bundle_config(DOCUMENT), "bundle.yaml").aws.account == "444455556666"


def test_the_log_objects_go_where_the_shipper_hears_of_them() -> None:
    bucket, queue = SERVICES["bucket"]["command"]
    sandbox, shipper = SERVICES["sandbox"]["command"], SERVICES["shipper"]["command"]
    assert dict(pairwise(sandbox))["--alb-logs"].startswith(f"s3://{bucket}")
    assert dict(pairwise(shipper))["--queue"].endswith(f"/{queue}")
    assert shipper[:2] == list(contract.SHIPPER_COMMAND[1:])


def test_the_same_stage_gives_the_same_text() -> None:
    assert compose_file(STAGE) == TEXT
    assert TEXT.startswith("# Grafana with every board")


# The two small programs that run in containers


@pytest.mark.enable_socket
def test_a_new_object_of_the_bucket_is_told_to_the_queue(aws: Aws) -> None:  # noqa: F811
    url = make(aws.s3, aws.sqs, "sandbox-logs", "sandbox-queue")
    again = make(aws.s3, aws.sqs, "sandbox-logs", "sandbox-queue")
    aws.s3.put_object(Bucket="sandbox-logs", Key="b.gz", Body=b"x")

    told = [record["s3"] for message in aws.take(url) for record in json.loads(message["Body"]).get("Records", [])]
    assert again == url
    assert [(each["bucket"]["name"], each["object"]["key"]) for each in told] == [("sandbox-logs", "b.gz")]


class _Answers(BaseHTTPRequestHandler):
    """A shop that fails every other time."""

    def do_GET(self) -> None:
        asked = self.server.asked  # type: ignore[attr-defined]
        asked.append(self.path)
        self.send_response(502 if len(asked) % 2 else 200)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


@pytest.mark.enable_socket
def test_the_visitor_goes_on_whatever_it_gets() -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise TimeoutError

    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with pytest.raises(TimeoutError):
            visit(f"http://127.0.0.1:{server.server_port}/shop", 2.0, wait)
        server.shutdown()
        thread.join()
        assert server.asked == ["/shop"] * 3  # type: ignore[attr-defined]
    assert waits == [2.0, 2.0, 2.0]


@pytest.mark.enable_socket
def test_the_visitor_goes_on_where_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        visit(f"http://127.0.0.1:{port}/", 0.5, wait)
    assert waits == [0.5, 0.5]
