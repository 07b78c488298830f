"""The bundle's files as ConfigMaps: one for each board, one for the data sources, one for each alerting file.

Data sources stand in a ConfigMap, not in a Secret: they hold references to secrets and no secret. Boards are minified, since the readable
form lies in `dashboards/`; the other files keep the bytes that `provisioning/` has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.bundle.render import render
from xray_grafana.config.names import Names
from xray_grafana.k8s.objects import metadata

FOLDER: Final = "k8s/grafana"
COMPONENT: Final = "grafana"

# RFC 1123 label: the strictest of Kubernetes' rules for names.
_NAME_MAX_LENGTH: Final = 63
_DIGEST_LENGTH: Final = 8


def object_name(*parts: str) -> str:
    """A name that Kubernetes takes: readable where the parts allow it, else cut down and made unique by a hash of them."""
    text = "-".join(parts)
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if slug == text and len(slug) <= _NAME_MAX_LENGTH:
        return slug
    digest = sha256("\n".join(parts).encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{slug[: _NAME_MAX_LENGTH - _DIGEST_LENGTH - 1].strip('-')}-{digest}".lstrip("-")


def minified(document: Document) -> str:
    """A document as JSON without a blank, keys sorted."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def board_suffix(dashboard: Artifact) -> str:
    """The part of a board's uid behind the prefix, which is its file's name too."""
    return dashboard.stem


def board_maps(
    names: Names, dashboards: Iterable[Artifact], *, labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None
) -> list[Artifact]:
    """One ConfigMap for each board; its file is named by the board's uid, so that no other bundle's file in the folder has the name."""
    prefix = names.config.prefix
    return [
        _config_map(
            names,
            object_name(prefix, "board", board_suffix(board)),
            f"{board.document['uid']}.json",
            minified(board.document),
            labels,
            annotations,
        )
        for board in dashboards
    ]


def file_map(names: Names, purpose: str, file: Artifact, *, labels: Mapping[str, str] | None = None) -> Artifact:
    """A provisioning file, byte for byte, in a ConfigMap of its own."""
    return _config_map(names, object_name(names.config.prefix, purpose), file.name, render(file).decode(), labels)


def alert_maps(names: Names, alerting: Iterable[Artifact], *, labels: Mapping[str, str] | None = None) -> list[Artifact]:
    """The alerting files, a ConfigMap each."""
    prefix = f"{names.config.prefix}-"
    return [file_map(names, f"alerts-{file.stem.removeprefix(prefix)}", file, labels=labels) for file in alerting]


def _config_map(
    names: Names,
    name: str,
    file_name: str,
    text: str,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Artifact:
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, names.kubernetes.grafana.namespace, COMPONENT, labels=labels, annotations=annotations),
        "data": {file_name: text},
    }
    return Artifact(f"{FOLDER}/{name}.yaml", Format.YAML, document)
