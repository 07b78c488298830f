"""What holds for every form in which Grafana gets the bundle."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.examples import odd
from tests.k8s.grafana_forms import (
    FORMS,
    content_of,
    content_of_bundle,
    grafana,
    grafana_of,
    in_form,
    kustomize,
    named,
    objects,
    on_cluster,
    sources_of,
    write,
)
from xray_grafana.bundle.artifact import Artifact, Bundle, Format
from xray_grafana.bundle.render import render
from xray_grafana.config import Config
from xray_grafana.config.models import Service
from xray_grafana.errors import BundleError
from xray_grafana.k8s.grafana_config_maps import object_name
from xray_grafana.k8s.sizes import oversized

VERSIONS = [f"1.{minor}" for minor in range(29, 38)]
FOLDERS = {"helm": "k8s/grafana", "sidecar": "k8s/grafana", "kustomize": "k8s/grafana", "operator": "k8s/operator"}
REFERENCE = re.compile(r"(Bearer )?(\$__env\{\w+\}|\$__file\{[^}]+\}|\$\{[\w.-]+\})")
SECRETS = (
    "xray.sources.0.auth=keys",
    "xray.sources.0.access_key=secret:aws/id",
    "xray.sources.0.secret_key=secret:aws/secret",
    "logs.bearer_token=secret:loki/token",
    "logs.tenant=shop",
)


def large(config: Config, services: int) -> Config:
    return config.model_copy(update={"services": tuple(Service(name=f"service-{number:03}") for number in range(services))})


def literal_secrets(sources: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """The secret fields that hold no reference; the tenant's header is no secret."""
    return [
        f"{uid}.{field}"
        for uid, source in sources
        for field, value in source.get("secureJsonData", {}).items()
        if value != "shop" and REFERENCE.fullmatch(value) is None
    ]


@pytest.mark.parametrize("form", FORMS)
def test_everything_of_the_bundle_is_there_once_with_the_uid_it_has(form: str, tmp_path: Path) -> None:
    config = in_form(form)
    bundle = sources_of(config)
    write(tmp_path, grafana(config))
    found = content_of(kustomize(tmp_path / FOLDERS[form]))
    assert found.uids() == content_of_bundle(bundle).uids()
    assert {kind: len(uids) for kind, uids in found.uids().items()} == {"boards": 9, "datasources": 2, "rules": 24}
    assert dict(found.boards) == {board["uid"]: board for _, board in content_of_bundle(bundle).boards}


@pytest.mark.parametrize("form", FORMS)
def test_queries_and_annotations_of_rules_survive(form: str) -> None:
    config = in_form(form)
    documents = [artifact.document for artifact in grafana(config) if artifact.format is Format.YAML]
    kept, rules = dict(content_of(documents).rules), dict(content_of_bundle(sources_of(config)).rules)
    for uid, rule in rules.items():
        for key in ("data", "annotations", "labels", "condition", "noDataState", "execErrState"):
            assert kept[uid][key] == rule[key], (uid, key)


@pytest.mark.parametrize("form", ["sidecar", "kustomize"])
@pytest.mark.parametrize("name", ["everything", "many-regions", "non-ascii", "china"])
def test_odd_configs_keep_every_uid_too(form: str, name: str) -> None:
    config = on_cluster(odd(name), form)
    documents = [artifact.document for artifact in grafana(config) if artifact.format is Format.YAML]
    assert content_of(documents).uids() == content_of_bundle(sources_of(config)).uids()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("form", ["sidecar", "kustomize"])
def test_config_maps_are_what_kubernetes_takes(form: str, version: str) -> None:
    for document in objects(grafana(in_form(form)), "ConfigMap"):
        kubernetes_validate.validate(document, version, strict=True)


def test_a_config_map_that_is_wrong_is_refused() -> None:
    document = objects(grafana(in_form("sidecar")), "ConfigMap")[0] | {"labels": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSIONS[0], strict=True)


@pytest.mark.parametrize("form", FORMS)
def test_objects_have_names_and_keys_that_kubernetes_takes(form: str) -> None:
    config = in_form(form, "xray.sources.0.uid=XRay_Main", "prefix=shop-")
    for artifact in grafana(config):
        if artifact.format is Format.YAML and "metadata" in artifact.document and "/patches/" not in artifact.path:
            assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", artifact.document["metadata"]["name"]), artifact.path
            assert artifact.document["metadata"]["namespace"] == "grafana"
            assert all(re.fullmatch(r"[-._a-zA-Z0-9]+", key) for key in artifact.document.get("data", {}))


def test_names_stay_readable_and_keep_apart() -> None:
    assert object_name("xray", "board", "home") == "xray-board-home"
    assert object_name("xray", "alerts", "source-A") != object_name("xray", "alerts", "source-a")
    assert object_name("xray", "a_b").startswith("xray-a-b-")
    assert len(object_name("xray", "n" * 100)) == 63
    assert re.fullmatch(r"[0-9a-f]{8}", object_name("検索"))


@pytest.mark.parametrize("form", FORMS)
def test_no_form_holds_a_secret(form: str) -> None:
    artifacts = grafana(in_form(form, *SECRETS))
    sources = content_of([artifact.document for artifact in artifacts if artifact.format is Format.YAML]).datasources
    assert sum(len(source.get("secureJsonData", {})) for _, source in sources) == 4
    assert literal_secrets(sources) == []


def test_a_literal_secret_would_be_seen() -> None:
    assert literal_secrets([("loki", {"secureJsonData": {"httpHeaderValue2": "Bearer abc"}})]) == ["loki.httpHeaderValue2"]


@pytest.mark.parametrize("form", FORMS)
def test_the_variable_that_breaks_the_plugin_is_never_set(form: str) -> None:
    for artifact in grafana(in_form(form)):
        if artifact.format is Format.YAML:
            assert "AWS_CA_BUNDLE" not in render(artifact).decode()


@pytest.mark.parametrize("form", ["sidecar", "operator"])
def test_five_hundred_services_stay_below_every_limit(form: str) -> None:
    artifacts = grafana(large(in_form(form), 500))
    assert oversized(artifacts) == ()


def test_each_alerting_file_has_a_config_map_of_its_own() -> None:
    config = large(in_form("sidecar"), 60)
    files = [file.path.removeprefix("provisioning/alerting/") for file in sources_of(config) if "/alerting/" in file.path]
    maps = [document for document in objects(grafana(config), "ConfigMap") if "grafana_alert" in document["metadata"]["labels"]]
    assert [list(document["data"]) for document in maps] == [[file] for file in files]
    assert len({document["metadata"]["name"] for document in maps}) == len(files) > 4


def padded(config: Config, size: int) -> Bundle:
    """A bundle whose first board is at least `size` bytes."""
    files = list(sources_of(config))
    index = next(index for index, file in enumerate(files) if file.path == "dashboards/home.json")
    files[index] = Artifact(files[index].path, Format.JSON, files[index].document | {"description": "x" * size})
    return Bundle.of(files)


@pytest.mark.parametrize("form", FORMS)
def test_a_board_too_large_for_client_side_apply_makes_the_page_say_server_side(form: str) -> None:
    config = in_form(form)
    folder = FOLDERS[form]
    assert "--server-side" not in str(named(grafana(config), f"{folder}/README.md").content)
    artifacts = grafana_of(config, padded(config, 262_144))
    (item,) = oversized(artifacts)
    page = str(named(artifacts, f"{folder}/README.md").content)
    assert f"kubectl apply --server-side -k {folder}\n" in page
    assert f"- `{item.path}`\n" in page


@pytest.mark.parametrize("form", FORMS)
def test_a_board_that_no_object_can_hold_is_refused(form: str) -> None:
    config = in_form(form)
    with pytest.raises(BundleError, match=r"k8s/\w+/.*xray-board-home\.yaml: [0-9,]+ bytes, but Kubernetes stores at most 1,048,576"):
        grafana_of(config, padded(config, 1_048_577))


@pytest.mark.parametrize("form", FORMS)
def test_the_page_names_what_must_be_there(form: str) -> None:
    page = str(named(grafana(in_form(form, *SECRETS)), f"{FOLDERS[form]}/README.md").content)
    account = "grafana-sa" if form == "operator" else "grafana"
    assert f"- The role `shop-grafana-xray`, which `grafana/{account}` takes by its annotation." in page
    assert "- The Secret `loki` with the key `token` in the namespace `grafana`." in page


def test_the_operators_page_names_the_grafana_object_that_the_role_trusts() -> None:
    page = str(named(grafana(in_form("operator", "kubernetes.grafana.service_account=main-sa")), "k8s/operator/README.md").content)
    assert "kubectl -n grafana patch grafana main --type merge" in page


def test_the_page_names_variables_files_and_other_identities() -> None:
    page = str(named(grafana(on_cluster(odd("everything"), "sidecar")), "k8s/grafana/README.md").content)
    assert "- `$__env{LOKI_TOKEN}` for `logs.bearer_token`: an environment variable" in page
    assert "- `$__file{/run/secrets/xray}` for `xray.sources.0.secret_key`: a file" in page
    for kind, words in {"pod-identity": "its Pod Identity association", "node-role": "attached to the nodes' role"}.items():
        overrides = ["kubernetes.identity.node_role=nodes"] if kind == "node-role" else []
        config = in_form("sidecar", f"kubernetes.identity.kind={kind}", *overrides)
        assert words in str(named(grafana(config), "k8s/grafana/README.md").content)
