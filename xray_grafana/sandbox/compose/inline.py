"""Files that the Compose file carries within itself: the config of the bundle that Grafana shows, and Loki's own.

Region and account come in, YAML text goes out. Names of hosts are those of the Compose file, names of services those of the demo.
"""

from __future__ import annotations

from typing import Final

from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.bundle.render import YAML_HEADER, render
from xray_grafana.contract import SANDBOX_PORT
from xray_grafana.sandbox.demo.scene import CART, CHECKOUT, INVENTORY, PAYMENTS, SERVICES, STOREFRONT

LOKI_PORT: Final = 3100
LOKI_FOLDER: Final = "/loki"
GRAFANA_PORT: Final = 3000
# Any keys will do: the sandbox looks at no signature. Grafana's plugin wants some.
KEY_VARIABLES: Final = ("SANDBOX_ACCESS_KEY_ID", "SANDBOX_SECRET_ACCESS_KEY")

_EDGES: Final = {
    STOREFRONT: {"edges": [INVENTORY.name, CART.name, CHECKOUT.name]},
    CHECKOUT: {"edges": [CART.name, PAYMENTS.name, INVENTORY.name]},
}
# How far behind its stream a line may be, doubled: Loki takes what is half of this behind. The demo's first hours come all at once.
_MAX_CHUNK_AGE: Final = "24h"


def yaml_text(document: Document) -> str:
    """A document as YAML, as the bundle writes it, without the bundle's own heading."""
    return render(Artifact("inline.yaml", Format.YAML, document)).decode().removeprefix(YAML_HEADER)


def bundle_config(region: str, account: str) -> str:
    """The config that `xray-grafana generate` gets: the sandbox as X-Ray, Loki, the demo's services."""
    access_key, secret_key = (f"$__env{{{name}}}" for name in KEY_VARIABLES)
    source = {
        "uid": "xray",
        "name": "Sandbox",
        "auth": "keys",
        "access_key": access_key,
        "secret_key": secret_key,
        "endpoint": f"http://sandbox:{SANDBOX_PORT}",
    }
    return yaml_text(
        {
            "name": "Sandbox",
            "aws": {"account": account, "region": region},
            "xray": {"sources": [source], "application_signals": True},
            "services": [
                *({"name": service.name, **_EDGES.get(service, {})} for service in SERVICES),
                {"name": "demo-front", "edges": ["demo-back"], "alerts": {"enabled": False}},
                {"name": "demo-back", "alerts": {"enabled": False}},
            ],
            "logs": {"url": f"http://loki:{LOKI_PORT}"},
            "grafana": {"public_url": f"http://localhost:{GRAFANA_PORT}", "refresh": "30s"},
        }
    )


def loki_config() -> str:
    """One process that keeps everything in one folder, and takes lines however old they are.

    `object_store.filesystem.dir` has to be set: without it chunks and index go to the process's working folder (seen with Loki 3.7).
    """
    schema = {"from": "2024-01-01", "store": "tsdb", "object_store": "filesystem", "schema": "v13"}
    return yaml_text(
        {
            "auth_enabled": False,
            "server": {"http_listen_port": LOKI_PORT, "log_level": "warn"},
            "common": {
                "instance_addr": "127.0.0.1",
                "path_prefix": LOKI_FOLDER,
                "replication_factor": 1,
                "ring": {"kvstore": {"store": "inmemory"}},
            },
            "schema_config": {"configs": [schema | {"index": {"prefix": "index_", "period": "24h"}}]},
            "storage_config": {"object_store": {"filesystem": {"dir": f"{LOKI_FOLDER}/objects"}}},
            "ingester": {"max_chunk_age": _MAX_CHUNK_AGE},
            "limits_config": {
                "reject_old_samples": False,
                "ingestion_rate_mb": 64,
                "ingestion_burst_size_mb": 128,
                "per_stream_rate_limit": "64MB",
                "per_stream_rate_limit_burst": "128MB",
                "discover_service_name": [],
                "volume_enabled": True,
            },
            "pattern_ingester": {"enabled": False},
            "analytics": {"reporting_enabled": False},
        }
    )
