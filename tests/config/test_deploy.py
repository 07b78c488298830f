from __future__ import annotations

from typing import Any, get_args

import pytest

from tests.config.mistakes import AWS
from xray_grafana.config import deploy, parse_config
from xray_grafana.config.types import Form, ServiceName

ID = "0123456789ABCDEF0123456789ABCDEF"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
DIGEST = "sha256:" + "0f" * 32
TABLE: list[tuple[Any, list[str], list[str]]] = [
    (deploy.K8sName, ["a", "9a", "a-b", "x" * 63], ["", "x" * 64, "-a", "a-", "A", "a_b", "a.b", "a\n"]),
    (deploy.ServiceName, ["a", "a9", "a-b", "x" * 63], ["", "x" * 64, "9a", "a-", "A", "a.b"]),
    (deploy.ClusterName, ["shop", "Shop_2-a", "9", "x" * 100], ["", "x" * 101, "-a", "a b", "a.b"]),
    (deploy.OidcProvider,
     [f"oidc.eks.eu-west-1.amazonaws.com/id/{ID}", f"oidc.eks.cn-north-1.amazonaws.com.cn/id/{ID}"],
     ["", f"https://oidc.eks.eu-west-1.amazonaws.com/id/{ID}", f"oidc.eks.eu-west-1.amazonaws.com/id/{ID.lower()}",
      f"oidc.eks.eu-west-1.amazonaws.com/id/{ID}0", f"oidc.eks.eu-west-1.amazonaws.com/id/{ID[1:]}",
      f"oidcxeks.eu-west-1.amazonaws.com/id/{ID}"]),
    (deploy.RoleName, ["nodes", "a+=,.@_-b", "x" * 64], ["", "x" * 65, "a/b", "a b", "arn:aws:iam::111122223333:role/a"]),
    (deploy.Image,
     ["a:1", "example.net:5000/xray/aws-xray-daemon:v3.6.6", "ghcr.io/a/b@" + DIGEST, "a:1@" + DIGEST],
     ["", "a", "example.net:5000/a", "a:latest", "example.net:5000/a:latest", "A:1", "a@sha256:0", "a:1 ", "https//a:", "a:-1"]),
    (deploy.BucketName, ["abc", "shop-alb-logs", "a.b.c", "x" * 63], ["", "ab", "x" * 64, "Abc", "-abc", "abc-", "a..b", "xn--abc", "a_b"]),
    (deploy.KeyPrefix, ["a", "alb/prod", "a-b/c.d", "x" * 200], ["", "/a", "a/", "a//b", "a b", "x" * 201]),
    (deploy.KmsKeyArn,
     [f"arn:aws:kms:eu-west-1:111122223333:key/{KEY}", f"arn:aws-cn:kms:cn-north-1:111122223333:key/{KEY}"],
     ["", KEY, "arn:aws:kms:eu-west-1:111122223333:alias/a", f"arn:aws:kms:eu-west-1:11112222333:key/{KEY}",
      f"arn:aws-iso:kms:us-iso-east-1:111122223333:key/{KEY}"]),
    (deploy.HostName, ["demo.example.net", "*.example.net", "a-b.c", "x" * 63 + ".net"],
     ["", "demo", "Demo.example.net", "a.*.net", "-a.net", "a..net", "x" * 64 + ".net", "a.net/", "a.net:80", ".".join(["a" * 50] * 6)]),
    (deploy.AttributeName, ["tenant", "order.total", "otel.resource.k8s.pod.name", "x" * 200], ["", "x" * 201, ".a", "a b", "a/b"]),
    (deploy.BalancerName,
     ["app/web", "net/edge-1", "targetgroup/" + "x" * 32, "app/Web-2/50dc6c495c0c9188", "targetgroup/a/73e2d6bc24d8a067"],
     ["", "web", "app/", "gwy/web", "app/-web", "app/web-", "app/" + "x" * 33, "app/web/", "app/web/50dc6c495c0c918",
      "app/web/50DC6C495C0C9188",
      "app/a.b", "loadbalancer/app/web/50dc6c495c0c9188", "app/web\n"]),
    (ServiceName, ["checkout", "Check out_2"], ["", "a*"]),
    (deploy.TagKey, ["service", "app.kubernetes.io/name", "aws:cloudformation:stack-name", "Größe_1 = +-@", "x" * 128],
     ["", " ", "x" * 129, "a*", "a,b", 'a"b', "a\nb", "a\\b", "a{b}", "a\u2028b"]),
    (deploy.QueueName, ["alb-logs", "A_1", "x" * 75], ["", "x" * 76, "a.fifo", "a b"]),
]  # fmt: skip


def form_of(alias: Any) -> Form:
    return next(item for item in get_args(alias) if isinstance(item, Form))


@pytest.mark.parametrize(("alias", "good", "bad"), TABLE)
def test_a_form_takes_what_it_says_and_nothing_else(alias: Any, good: list[str], bad: list[str]) -> None:
    form = form_of(alias)
    assert [text for text in good if not form.fits(text)] == []
    assert [text for text in bad if form.fits(text)] == []


def test_configs_with_a_mapping_can_be_keys_like_all_others() -> None:
    """The order of its entries does not matter."""
    entries = ("alb_logs.services.app/web=shop", "alb_logs.services.app/api=api")
    first, second = (parse_config(AWS + "alb_logs: {bucket: abc}\n", "b.yaml", overrides=each) for each in (entries, entries[::-1]))
    assert {first: "found"}[second] == "found"


def test_every_text_type_is_in_the_table_above() -> None:
    known = {name for name, alias in vars(deploy).items() if get_args(alias)[:1] == (str,) and hasattr(alias, "__metadata__")}
    tabled = {id(form_of(alias)) for alias, _, _ in TABLE}
    assert {name for name in known if id(form_of(getattr(deploy, name))) not in tabled} == set()
    assert len(known) == len(tabled) == 15
