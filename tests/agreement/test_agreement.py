"""Service, port, namespace, uids, region, account, bucket, queue and labels are the same in every artifact of every form."""

from __future__ import annotations

from functools import cache

import pytest

from tests.agreement.facts import FACTS, disagreements, values
from tests.examples import example
from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.render import render_bundle

SHIPPER = ("alb_logs.consumer=deployment", "alb_logs.shipper_image=111122223333.dkr.ecr.eu-west-1.amazonaws.com/xray-grafana:0.1.0")
FORMS: dict[str, tuple[str, ...]] = {
    "daemon, irsa, helm": (),
    "collector": ("kubernetes.agent.kind=adot",),
    "pod identity": ("kubernetes.identity.kind=pod-identity",),
    "node role": ("kubernetes.identity.kind=node-role", "kubernetes.identity.node_role=nodes"),
    "operator": ("kubernetes.grafana.form=operator", "kubernetes.grafana.service_account=grafana-sa"),
    "sidecar": ("kubernetes.grafana.form=sidecar",),
    "kustomize": ("kubernetes.grafana.form=kustomize",),
    "shipper on Kubernetes": SHIPPER,
    "shipper as Lambda": SHIPPER[1:],
    "Fargate": ("kubernetes.fargate=true",),
    "other names": (
        "kubernetes.namespace=tracing",
        "kubernetes.agent.service=tracer",
        "alb_logs.bucket=other-logs",
        "alb_logs.queue=other",
    ),
}
EXPECTED = {
    "account": "111122223333",
    "region": "eu-west-1",
    "partition": "aws",
    "agent address": "aws-xray.ops-monitoring-ns:2000",
    "agent Service": "aws-xray",
    "namespace": "ops-monitoring-ns",
    "agent ServiceAccount": "aws-xray",
    "agent role": "shop-xray-agent",
    "Grafana's role": "shop-grafana-xray",
    "agent port": "2000",
    "bucket": "shop-alb-logs",
    "queue": "alb-logs",
    "dead-letter queue": "alb-logs-dead",
    "tag of the shipper's image": "0.1.0",
    "X-Ray source": "xray",
    "Loki source": "loki",
    "trace board": "xray-trace",
    "label of the kind of log": "log_type",
}
# What a name is changed to where any other text would not be taken for one.
PLANTED = {
    "region": "us-east-2",
    "partition": "aws-cn",
    "agent address": "other.place:2000",
    "agent port": "2999",
    "dead-letter queue": "other-dead",
    "trace board": "other-trace",
}
NAMES = [fact.name for fact in FACTS]


@cache
def rendered(form: str) -> dict[str, str]:
    return {path: content.decode() for path, content in render_bundle(build_bundle(example(*FORMS[form]))).items()}


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest) -> dict[str, str]:
    return rendered(request.param)


@pytest.fixture(scope="module")
def default() -> dict[str, str]:
    return rendered("shipper on Kubernetes")


def test_every_name_is_the_same_everywhere(form: dict[str, str]) -> None:
    assert disagreements(form) == []


def test_the_example_has_the_names_it_was_given(default: dict[str, str]) -> None:
    assert {fact.name: set(values(fact, default)) for fact in FACTS} == {name: {value} for name, value in EXPECTED.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_looked_for_in_more_than_one_place(default: dict[str, str], name: str) -> None:
    (fact,) = [fact for fact in FACTS if fact.name == name]
    assert len(list(fact.mentions(default))) > 1


@pytest.mark.parametrize("name", NAMES)
def test_every_place_is_found_in_some_form(name: str) -> None:
    """A place that no form has would be an expression that no longer fits."""
    (fact,) = [fact for fact in FACTS if fact.name == name]
    unseen = set(fact.places)
    for form_name in FORMS:
        files = rendered(form_name)
        unseen -= {place for place in unseen if list(type(fact)(name, (place,)).mentions(files))}
    assert not unseen


@pytest.mark.parametrize("name", NAMES)
def test_one_file_that_disagrees_is_named(default: dict[str, str], name: str) -> None:
    """The planted fault, in each file that has the name."""
    (fact,) = [fact for fact in FACTS if fact.name == name]
    places: dict[str, tuple[int, int]] = {path: (start, end) for path, start, end in fact.mentions(default)}
    for path, (start, end) in places.items():
        text = default[path]
        other = PLANTED.get(name, "9" * (end - start) if text[start:end].isdigit() else "other")
        (line,) = disagreements(default | {path: text[:start] + other + text[end:]}, [fact])
        assert path in line
