from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.trace.traces import ID, START, checkout, made
from xray_grafana.bundle.build import build_bundle
from xray_grafana.config.load import load_config
from xray_grafana.config.models import Config
from xray_grafana.trace.links import board_url

TRACE = made(*checkout())
TWO = """\
aws: {region: eu-west-1, account: '111122223333'}
xray: {sources: [{uid: far, name: Far, region: us-east-1}, {uid: near, name: Near}]}
"""


def config(
    tmp_path: Path, *overrides: str, text: str = "aws: {region: eu-west-1, account: '111122223333'}\nlogs: {url: 'http://loki:3100'}\n"
) -> Config:
    file = tmp_path / "bundle.yaml"
    file.write_text(text)
    return load_config(file, environ={}, overrides=overrides)


def test_the_address_is_that_of_a_board_with_variables_it_has_and_the_traces_time(tmp_path: Path) -> None:
    shop = config(tmp_path, "grafana.public_url=https://grafana.example/ops/", "prefix=shop")
    url = urlsplit(board_url(shop, TRACE, "eu-west-1") or "")
    uid = "shop-trace"
    assert (url.scheme, url.netloc, url.path) == ("https", "grafana.example", f"/ops/d/{uid}/x-ray-trace")
    # One second of trace, five minutes on both sides, in milliseconds.
    assert parse_qs(url.query) == {
        "var-traceId": [ID.xray],
        "var-xray": ["xray"],
        "var-loki": ["loki"],
        "from": [str((START - 300) * 1000)],
        "to": [str((START + 301) * 1000)],
    }
    board = next(each.content for each in build_bundle(shop).artifacts if isinstance(each.content, dict) and each.content.get("uid") == uid)
    assert {f"var-{variable['name']}" for variable in board["templating"]["list"]} == {"var-traceId", "var-xray", "var-loki"}


def test_the_source_is_the_one_that_reads_the_region(tmp_path: Path) -> None:
    shop = config(tmp_path, "grafana.public_url=https://g.example", text=TWO)
    urls = [board_url(shop, TRACE, region) or "" for region in ("eu-west-1", "us-east-1", "ap-south-1", None)]
    assert [parse_qs(urlsplit(url).query)["var-xray"] for url in urls] == [["near"], ["far"], ["far"], ["far"]]
    assert all("var-loki" not in url for url in urls)


def test_without_grafanas_address_there_is_none(tmp_path: Path) -> None:
    assert board_url(config(tmp_path), TRACE, None) is None
