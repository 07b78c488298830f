from __future__ import annotations

from typing import Annotated, Any, get_args

import pytest

from xray_grafana.config import types
from xray_grafana.config.types import Form, duration_seconds

ARN = "arn:aws:iam::111122223333:role/"
GROUP = "arn:aws:xray:eu-west-1:111122223333:group/checkout"


def form_of(alias: Any) -> Form:
    return next(item for item in get_args(alias) if isinstance(item, Form))


@pytest.mark.parametrize(
    ("alias", "good", "bad"),
    [
        (types.AccountId, ["000000000000"], ["", "11112222333", "1111222233334", "11112222333x", "111122223333\n", "١١١١٢٢٢٢٣٣٣٣"]),
        (types.Region, ["eu-west-1", "us-gov-west-1", "cn-northwest-1", "ap-southeast-12", "mx-central-1"],
         ["", "eu-west", "eu-west-1a", "EU-WEST-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1"]),
        (types.Uid, ["a", "A_b-9", "x" * 40], ["", "x" * 41, "a b", "a.b", "ä"]),
        (types.Prefix, ["x", "x" * 20, "a-1"], ["", "x" * 21, "1a", "-a", "Ab", "a_b"]),
        (types.RoleArn,
         [ARN + "grafana", ARN + "path/a+=,.@_-b", ARN.replace("aws", "aws-cn") + "a", ARN.replace("aws", "aws-us-gov") + "a"],
         [ARN, ARN + "a b", ARN.replace("role", "user") + "a", ARN.replace("aws", "aws-iso") + "a", ARN.replace("1111", "111") + "a"]),
        (types.GroupArn, [GROUP, GROUP + "/ABCDEFGH2345"],
         [GROUP + "/abc", GROUP + "/A1", GROUP + "/", GROUP.replace("xray", "logs"), GROUP + "x" * 30]),
        (types.GroupName, ["checkout", "A-1", "x" * 32], ["", "x" * 33, "a_b", "a b"]),
        (types.ServiceName, ["checkout", "Café 東京", r"a_.:/%&#=+\-@", "x" * 200], ["", "x" * 201, 'a"b', "a\nb", "a(b)", "a*",
         "a : b", "a😀"]),
        (types.Duration, ["1s", "30s", "5m", "1h", "9999d"],
         ["99999d", "", "0s", "05m", "5", "m", "5 m", "1.5h", "1w", "5M", "-5m", "1h30m", "1000000s"]),
        (types.Url, ["http://loki", "https://loki:3100", "http://loki:3100/a/b", "http://[::1]:3100", "http://10.0.0.1"],
         ["", "loki", "loki:3100", "ftp://loki", "HTTP://loki", "http://", "http://:3100", "http://loki:0", "http://loki:70000", "http://loki:x",
          "http://lo ki", "http://loki/a b", "http://me@loki", "http://me:pw@loki", "http://@loki", "http://[::1",
          "http://loki?a=b", "http://loki/a#b"]),
        (types.SecretReference, ["$__env{A_1}", "$__file{/run/secrets/a}", "secret:grafana/key", "secret:a.b-c/K_e.y"],
         ["", "hunter2", "$__env{}", "$__env{1A}", "$__env{A} ", "$__file{a}", "$__file{/a b}", "$__vault{/a}", "secret:a",
          "secret:A/b", "$A"]),
        (types.StreamSelector, ['{a="b"}', ' {service_name=~".+", b!="c"} ', '{service_name="${service}"}'],
         ["", "{}", "a", '{a="b"', '{a="b"} |= "c"']),
        (types.Text, ["Shop", "Ä 東京 “x”", "x" * 200], ["", " ", "x" * 201, "a\nb", "a\tb", "a\x7fb", "a\u2028b", "a\ud800"]),
        (types.FilterExpression, ['service("a") OR fault', "x" * 2000], ["", "x" * 2001, "a\nb"]),
        (types.FolderName, ["AWS X-Ray", "Ä $x"], ["", " ", "a/b", "x" * 201, "a\nb"]),
        (types.SourceName, ["X-Ray eu-west-1", "a|b <c>", "x" * 100], ["", "x" * 101, "a {{ b }}", "$a", "a\nb"]),
        (types.Tag, ["a b", "x" * 50], ["", "x" * 51, "a,b", "a\nb"]),
        (types.HeaderValue, ["tenant-1", "a|b", "x" * 150], ["", "x" * 151, "a b", "ä", "a\r\nb"]),
    ],
)  # fmt: skip
def test_a_form_takes_what_it_says_and_nothing_else(alias: Any, good: list[str], bad: list[str]) -> None:
    form = form_of(alias)
    assert [text for text in good if not form.fits(text)] == []
    assert [text for text in bad if form.fits(text)] == []


def test_every_text_type_is_in_the_table_above() -> None:
    mark = next(mark for mark in test_a_form_takes_what_it_says_and_nothing_else.pytestmark if mark.name == "parametrize")
    tabled = {id(form_of(row[0])) for row in mark.args[1]}
    known = {name for name, alias in vars(types).items() if get_args(alias)[:1] == (str,) and hasattr(alias, "__metadata__")}
    assert {name for name in known if id(form_of(getattr(types, name))) not in tabled} == set()
    assert len(known) == len(tabled) == 18


def test_only_the_secret_form_hides_its_value() -> None:
    assert form_of(types.SecretReference).secret
    assert not form_of(types.Text).secret


def test_a_form_is_found_in_its_annotation() -> None:
    assert form_of(Annotated[str, Form("x", "x")]) == Form("x", "x")


@pytest.mark.parametrize(("duration", "seconds"), [("30s", 30), ("5m", 300), ("6h", 21600), ("2d", 172800)])
def test_a_duration_in_seconds(duration: str, seconds: int) -> None:
    assert duration_seconds(duration) == seconds
