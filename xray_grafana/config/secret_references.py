"""References to secrets in a config, and the Kubernetes Secrets behind some of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from xray_grafana.config.models import Config

SOURCE_FIELDS: Final = ("access_key", "secret_key", "session_token")
LOGS_FIELDS: Final = ("basic_password", "bearer_token")

_KUBERNETES: Final = "secret:"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key of a Kubernetes Secret, and the environment variable as which Grafana gets it."""

    name: str
    key: str
    variable: str


def secret_key(reference: str) -> SecretKey | None:
    """The Secret's key behind a reference: `secret:loki/token` is key `token` of `loki`, as LOKI_TOKEN; None for other references."""
    if not reference.startswith(_KUBERNETES):
        return None
    path = reference.removeprefix(_KUBERNETES)
    name, _, key = path.partition("/")
    return SecretKey(name, key, re.sub(r"[^A-Z0-9]", "_", path.upper()))


def secret_references(config: Config) -> list[tuple[str, str]]:
    """Every reference to a secret with the config key that holds it, in the order of the config."""
    found = [
        (f"xray.sources.{index}.{field}", getattr(source, field))
        for index, source in enumerate(config.xray.sources)
        for field in SOURCE_FIELDS
    ]
    if config.logs is not None:
        found += [(f"logs.{field}", getattr(config.logs, field)) for field in LOGS_FIELDS]
    return [(key, reference) for key, reference in found if reference is not None]
