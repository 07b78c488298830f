"""How large an object may be: what the API server stores, and what client-side `kubectl apply` can still write beside it.

`kubectl apply` keeps the whole object once more in an annotation, so its own limit is a quarter of the server's; `--server-side` keeps
none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from xray_grafana.bundle.artifact import Artifact, Document, Format

# All annotations of an object together: k8s.io/apimachinery, pkg/api/validation, TotalAnnotationSizeLimitB.
APPLY_LIMIT: Final = 262_144
# All values of a ConfigMap together, and what an object may be safely: k8s.io/api, core/v1, MaxSecretSize.
OBJECT_LIMIT: Final = 1_048_576

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
# Go writes these as six bytes: encoding/json, HTMLEscape.
_HTML: Final = "<>&"
_LINE_SEPARATORS: Final = "\u2028\u2029"


@dataclass(frozen=True, slots=True)
class Oversized:
    """One object that passes a limit: its file, its size against that limit, and the limit, both in bytes."""

    path: str
    size: int
    limit: int


def oversized(artifacts: Iterable[Artifact]) -> tuple[Oversized, ...]:
    """The Kubernetes objects among some artifacts that pass a limit, each with the largest limit it passes, in their order."""
    found = []
    for artifact in artifacts:
        if artifact.format is not Format.YAML or not {"kind", "metadata"} <= artifact.document.keys():
            continue
        stored, applied = stored_bytes(artifact.document), applied_bytes(artifact.document)
        if stored > OBJECT_LIMIT:
            found.append(Oversized(artifact.path, stored, OBJECT_LIMIT))
        elif applied > APPLY_LIMIT:
            found.append(Oversized(artifact.path, applied, APPLY_LIMIT))
    return tuple(found)


def stored_bytes(document: Document) -> int:
    """What the API server counts against OBJECT_LIMIT: the values of a ConfigMap, all of another object."""
    if document["kind"] == "ConfigMap":
        return sum(len(value.encode()) for value in document.get("data", {}).values())
    return json_bytes(document)


def applied_bytes(document: Document) -> int:
    """What the API server counts against APPLY_LIMIT after a client-side `kubectl apply`: all annotations, keys included."""
    annotations = document["metadata"].get("annotations", {})
    own = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    return own + len(_LAST_APPLIED) + json_bytes(document) + 1


def json_bytes(value: Any) -> int:
    """The length of a value as Go's JSON writer puts it, which kubectl uses."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    escaped = 5 * sum(text.count(character) for character in _HTML) + 3 * sum(text.count(character) for character in _LINE_SEPARATORS)
    return len(text.encode()) + escaped
