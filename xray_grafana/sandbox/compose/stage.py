"""The Compose file: which containers there are, how they find each other, and in which order they start.

Values for region, account and seed come in, text goes out. Written for Docker Compose 2.23.1 or newer, the first that takes `content` in
`configs` (Compose file reference, "configs top-level element").

What `configs` carry is copied into the container, which Docker refuses for a read-only root (docker/compose issue 12031), so the containers
that get one are not `read_only`; all others are.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

import xray_grafana
from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.bundle.files.manifest import MANIFEST_NAME
from xray_grafana.provisioning.providers import DASHBOARDS_PATH
from xray_grafana.sandbox.compose.inline import (
    GRAFANA_PORT,
    KEY_VARIABLES,
    LOKI_FOLDER,
    LOKI_PORT,
    bundle_config,
    loki_config,
    yaml_text,
)
from xray_grafana.sandbox.demo.scene import LOAD_BALANCER, STOREFRONT

GRAFANA_IMAGE: Final = "grafana/grafana:12.4.0"
LOKI_IMAGE: Final = "grafana/loki:3.7.8"
MOTO_IMAGE: Final = "motoserver/moto:5.2.5"

_HEAD: Final = """\
# Grafana with every board, Loki, a local X-Ray with demo traffic, two traced services, and access logs on their way from S3 to Loki.
# Made by `xray-grafana sandbox --compose`, for the top folder of a clone: two images are built from it. Docker Compose 2.23.1 or newer.
#
#   docker compose up --build      then open http://localhost:{grafana}
#   docker compose down --volumes  takes everything away
#
# Nobody has to sign in, and the sandbox takes what anybody sends: ports are published on this machine's loopback address alone.
"""
_MOTO_PORT: Final = 5000
_SHOP_PORT: Final = 8080
_BUCKET: Final = "sandbox-alb-logs"
_QUEUE: Final = "alb-logs"
_VISIT_SECONDS: Final = 2
_REPORT_SECONDS: Final = 120
# By number, as in the images: Grafana's, Loki's, the demo's own, and any that is not root's for the rest.
_NOBODY: Final = "65532:65532"
_GRAFANA_USER: Final = "472:0"
_LOKI_USER: Final = "10001:10001"
_SHOP_USER: Final = "10001:10001"
# A folder of the sandbox's image that everybody may write to. A new volume takes over the rights of the folder it covers.
_SHARED_FOLDER: Final = "/var/tmp"  # noqa: S108 - inside a container
_BUNDLE_CONFIG: Final = "/bundle.yaml"
_LOKI_CONFIG: Final = "/etc/loki/sandbox.yaml"
_IMAGE: Final = f"xray-grafana:{xray_grafana.__version__}"
_SHOP_IMAGE: Final = "xray-grafana-demo:sandbox"

_HEALTHY: Final = {"condition": "service_healthy"}
_DONE: Final = {"condition": "service_completed_successfully"}


class Stage(NamedTuple):
    """What the containers are told: `account` has twelve digits, and `seed` decides what traffic the demo makes."""

    region: str
    account: str
    seed: int


def compose_file(stage: Stage) -> str:
    """The text of compose.yaml."""
    document = {
        "name": "xray-grafana-sandbox",
        "services": {
            "grafana": _grafana(),
            "bundle": _bundle(),
            "sandbox": _sandbox(stage),
            "demo-front": _shop("front", stage),
            "demo-back": _shop("back", stage),
            "visitor": _visitor(),
            "loki": _loki(),
            "moto": _moto(stage),
            "bucket": _bucket(stage),
            "shipper": _shipper(stage),
            "report": _report(stage),
        },
        "configs": {
            "bundle": {"content": bundle_config(stage.region, stage.account)},
            "loki": {"content": loki_config()},
        },
        "volumes": {"bundle": {}, "grafana": {}, "loki": {}},
    }
    return _HEAD.format(grafana=GRAFANA_PORT) + yaml_text(_literal(document))


def _literal(value: Any) -> Any:
    """Every text with its dollar signs doubled: a single one would stand for a variable of the shell that calls Compose."""
    if isinstance(value, dict):
        return {key: _literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _service(user: str, *, read_only: bool = True) -> Document:
    """What all containers have in common: no root, no capability, nothing to be gained by a set-uid program, and `/tmp` in memory."""
    return {
        "user": user,
        "init": True,
        "restart": "unless-stopped",
        **({"read_only": True} if read_only else {}),
        "tmpfs": ["/tmp"],  # noqa: S108 - inside a container
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
    }


def _built(image: str, context: str) -> Document:
    """An image that is built here, by one service: Compose builds side by side, and two of one name are in each other's way."""
    return {"image": image, "build": {"context": context}, "pull_policy": "build"}


def _taken(image: str) -> Document:
    """An image that another service builds. No registry has it."""
    return {"image": image, "pull_policy": "never"}


def _own(*, read_only: bool = True) -> Document:
    """A container of this repository's image, which the sandbox builds."""
    return _taken(_IMAGE) | _service(_NOBODY, read_only=read_only)


def _once(service: Document) -> Document:
    """A container that does one thing and ends."""
    return service | {"restart": "no"}


def _python(url: str) -> list[str]:
    """A health check for images with Python and nothing else: whether an address answers."""
    return ["CMD", "python", "-c", f"import urllib.request; urllib.request.urlopen('{url}', timeout=3)"]


def _healthcheck(test: list[str], start_period: str = "60s") -> Document:
    """Asked every five seconds; while it starts, no answer is no failure."""
    return {"test": test, "interval": "5s", "timeout": "5s", "retries": 12, "start_period": start_period}


def _volume(name: str, target: str, *, read_only: bool = False) -> Document:
    volume: Document = {"type": "volume", "source": name, "target": target}
    # Compose makes all containers before it starts the first: one that only reads a volume must not be the one that gives it its rights.
    return volume | ({"read_only": True, "volume": {"nocopy": True}} if read_only else {})


def _published(port: int, protocol: str = "tcp") -> str:
    return f"127.0.0.1:{port}:{port}/{protocol}"


def _aws(stage: Stage) -> dict[str, str]:
    """The environment of whoever talks to S3 and SQS."""
    return {
        "AWS_ENDPOINT_URL": f"http://moto:{_MOTO_PORT}",
        "AWS_REGION": stage.region,
        "AWS_DEFAULT_REGION": stage.region,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _grafana() -> Document:
    boards = f"{DASHBOARDS_PATH}/dashboards"
    return {
        "image": GRAFANA_IMAGE,
        **_service(_GRAFANA_USER),
        "environment": {
            "GF_PLUGINS_PREINSTALL_SYNC": f"{contract.XRAY_PLUGIN_ID}@{contract.XRAY_PLUGIN_VERSION}",
            # One volume holds the whole bundle. It lies where the bundle says that its boards are, and Grafana looks in folders below, too.
            "GF_PATHS_PROVISIONING": f"{DASHBOARDS_PATH}/provisioning",
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": f"{boards}/home.json",
            # Links into Explore work for editors only. Who wants to administer signs in as admin, with the password admin.
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_AUTH_ANONYMOUS_ORG_ROLE": "Editor",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_NEWS_NEWS_FEED_ENABLED": "false",
            **dict.fromkeys(KEY_VARIABLES, "sandbox"),
        },
        "ports": [_published(GRAFANA_PORT)],
        "volumes": [_volume("grafana", "/var/lib/grafana"), _volume("bundle", DASHBOARDS_PATH, read_only=True)],
        "healthcheck": _healthcheck(["CMD", "curl", "--fail", "--silent", f"http://127.0.0.1:{GRAFANA_PORT}/api/health"], "180s"),
        "depends_on": {"bundle": _DONE, "sandbox": _HEALTHY, "loki": _HEALTHY},
    }


def _bundle() -> Document:
    """Boards and provisioning alone: what else a bundle has, Grafana is not to read."""
    generate = f"xray-grafana generate --config {_BUNDLE_CONFIG} --output {_SHARED_FOLDER} --force dashboards provisioning"
    # Grafana would take the list of generated files for a board.
    forget = f"rm {_SHARED_FOLDER}/{MANIFEST_NAME}"
    return {
        **_once(_own(read_only=False)),
        "entrypoint": ["sh", "-euc"],
        "command": [f"{generate} && {forget}"],
        "configs": [{"source": "bundle", "target": _BUNDLE_CONFIG}],
        "volumes": [_volume("bundle", _SHARED_FOLDER)],
        "network_mode": "none",
    }


def _sandbox(stage: Stage) -> Document:
    """Inside its container it listens for all the others; outside, this machine alone can reach it."""
    options = {
        "--http": f"0.0.0.0:{contract.SANDBOX_PORT}",
        "--udp": f"0.0.0.0:{contract.AGENT_PORT}",
        "--region": stage.region,
        "--account": stage.account,
        "--seed": str(stage.seed),
        "--alb-logs": f"s3://{_BUCKET}",
        "--loki": f"http://loki:{LOKI_PORT}",
    }
    return {
        **_built(_IMAGE, "."),
        **_service(_NOBODY),
        "command": ["sandbox", *(word for option in options.items() for word in option)],
        "environment": _aws(stage),
        "ports": [_published(contract.SANDBOX_PORT), _published(contract.AGENT_PORT), _published(contract.AGENT_PORT, "udp")],
        "healthcheck": _healthcheck(_python(f"http://127.0.0.1:{contract.SANDBOX_PORT}/")),
        "depends_on": {"bucket": _DONE, "loki": _HEALTHY},
    }


def _shop(role: str, stage: Stage) -> Document:
    """One of the two services that the X-Ray SDK for Python traces."""
    environment = {
        "DEMO_ROLE": role,
        contract.DAEMON_ADDRESS_VARIABLE: f"sandbox:{contract.AGENT_PORT}",
        "AWS_REGION": stage.region,
    }
    depends: Document = {"sandbox": _HEALTHY}
    image = _built(_SHOP_IMAGE, "k8s/demo/image")
    if role == "front":
        image = _taken(_SHOP_IMAGE)
        environment["DEMO_BACK_URL"] = f"http://demo-back:{_SHOP_PORT}"
        depends["demo-back"] = _HEALTHY
    return {
        **image,
        **_service(_SHOP_USER),
        "environment": environment,
        "healthcheck": _healthcheck(_python(f"http://127.0.0.1:{_SHOP_PORT}/healthz")),
        "depends_on": depends,
    }


def _visitor() -> Document:
    return {
        **_own(),
        "entrypoint": ["python", "-m", "xray_grafana.sandbox.compose.visitor"],
        "command": [f"http://demo-front:{_SHOP_PORT}/", str(_VISIT_SECONDS)],
        "depends_on": {"demo-front": _HEALTHY},
    }


def _loki() -> Document:
    """The image has no shell and no other program since 3.6; from 3.7 on Loki asks itself."""
    return {
        "image": LOKI_IMAGE,
        **_service(_LOKI_USER, read_only=False),
        "command": [f"-config.file={_LOKI_CONFIG}"],
        "configs": [{"source": "loki", "target": _LOKI_CONFIG}],
        "ports": [_published(LOKI_PORT)],
        "volumes": [_volume("loki", LOKI_FOLDER)],
        "healthcheck": _healthcheck(["CMD", "/usr/bin/loki", "-health", f"-health.url=http://127.0.0.1:{LOKI_PORT}/ready"]),
    }


def _moto(stage: Stage) -> Document:
    """S3 and SQS, in memory."""
    return {
        "image": MOTO_IMAGE,
        **_service(_NOBODY),
        "environment": {"MOTO_ACCOUNT_ID": stage.account, "PYTHONDONTWRITEBYTECODE": "1"},
        "healthcheck": _healthcheck(_python(f"http://127.0.0.1:{_MOTO_PORT}/moto-api/")),
    }


def _bucket(stage: Stage) -> Document:
    return {
        **_once(_own()),
        "entrypoint": ["python", "-m", "xray_grafana.sandbox.compose.bucket"],
        "command": [_BUCKET, _QUEUE],
        "environment": _aws(stage),
        "depends_on": {"moto": _HEALTHY},
    }


def _shipper(stage: Stage) -> Document:
    queue = f"http://moto:{_MOTO_PORT}/{stage.account}/{_QUEUE}"
    return {
        **_own(),
        "command": [*contract.SHIPPER_COMMAND[1:], "--queue", queue, "--loki", f"http://loki:{LOKI_PORT}"],
        "environment": _aws(stage) | {contract.SERVICES_VARIABLE: json.dumps({LOAD_BALANCER: STOREFRONT.name})},
        "depends_on": {"bucket": _DONE, "loki": _HEALTHY},
    }


def _report(stage: Stage) -> Document:
    """Asks again and again how many requests have a trace, for the board of the pipeline. There is nothing to ask about at first."""
    addresses = f"--endpoint-url http://sandbox:{contract.SANDBOX_PORT} --loki http://loki:{LOKI_PORT}"
    record = f"xray-grafana alb report --record --from 1h --sample 100 {addresses}"
    return {
        **_own(),
        "entrypoint": ["sh", "-uc"],
        "command": [f"while sleep {_REPORT_SECONDS}; do {record}; done"],
        "environment": _aws(stage),
        "depends_on": {"sandbox": _HEALTHY, "loki": _HEALTHY},
    }
