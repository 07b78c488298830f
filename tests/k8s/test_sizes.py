from typing import Any

import pytest

from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.k8s.sizes import APPLY_LIMIT, OBJECT_LIMIT, Oversized, applied_bytes, json_bytes, oversized

LAST_APPLIED_KEY = 48  # kubectl.kubernetes.io/last-applied-configuration


def config_map(text: str, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "n"} | ({"annotations": annotations} if annotations else {})
    return {"kind": "ConfigMap", "metadata": metadata, "data": {"f": text}}


def artifact(document: dict[str, Any]) -> Artifact:
    return Artifact("k8s/x.yaml", Format.YAML, document)


@pytest.mark.parametrize(
    ("text", "size"),
    [("abc", 5), ('"', 4), ("<>&", 2 + 3 * 6), ("\u2028", 2 + 6), ("é", 2 + 2), ("\n", 2 + 2)],
)
def test_text_is_measured_as_go_writes_it(text: str, size: int) -> None:
    assert json_bytes(text) == size


def test_an_applied_object_stands_in_an_annotation_beside_the_others() -> None:
    """{"kind":"ConfigMap","metadata":{"name":"n"},"data":{"f":""}} has 60 characters and a line feed."""
    assert applied_bytes(config_map("")) == LAST_APPLIED_KEY + 60 + 1
    with_annotation = applied_bytes(config_map("", {"folder": "X"}))
    assert with_annotation == LAST_APPLIED_KEY + 60 + len(',"annotations":{"folder":"X"}') + 1 + len("folderX")


def test_the_limit_of_client_side_apply_counts_quotes_twice() -> None:
    room = APPLY_LIMIT - applied_bytes(config_map(""))
    assert oversized([artifact(config_map("x" * room))]) == ()
    assert oversized([artifact(config_map("x" * (room + 1)))]) == (Oversized("k8s/x.yaml", APPLY_LIMIT + 1, APPLY_LIMIT),)
    assert oversized([artifact(config_map('"' * (room // 2 + 1)))]) != ()


def test_the_limit_of_the_server_counts_the_values_of_a_config_map_alone() -> None:
    assert oversized([artifact(config_map('"' * OBJECT_LIMIT))])[0].limit == APPLY_LIMIT
    assert oversized([artifact(config_map("x" * (OBJECT_LIMIT + 1)))]) == (Oversized("k8s/x.yaml", OBJECT_LIMIT + 1, OBJECT_LIMIT),)


def test_other_objects_count_as_a_whole() -> None:
    document = {"kind": "GrafanaDashboard", "metadata": {"name": "n"}, "spec": {"json": '"' * (OBJECT_LIMIT // 2)}}
    assert oversized([artifact(document)])[0].limit == OBJECT_LIMIT


def test_what_is_no_object_has_no_limit() -> None:
    values = Artifact("k8s/values.yaml", Format.YAML, {"text": "x" * (2 * OBJECT_LIMIT)})
    text = Artifact("k8s/README.md", Format.TEXT, "x" * (2 * OBJECT_LIMIT))
    assert oversized([values, text]) == ()
