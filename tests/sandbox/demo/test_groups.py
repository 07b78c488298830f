"""The demo's groups: there with insights on, made once, and what the user changed stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xray_grafana.sandbox.api.groups import create_group, delete_group, get_groups, update_group
from xray_grafana.sandbox.demo.groups import make_groups
from xray_grafana.sandbox.server import Sandbox, Settings

pytestmark = pytest.mark.enable_socket


def by_name(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {group["GroupName"]: group for group in get_groups(sandbox.context, {})["Groups"]}


def test_groups_have_insights_on_and_are_not_made_twice(tmp_path: Path) -> None:
    notes: list[str] = []
    settings = Settings(tmp_path / "xr.db", ("127.0.0.1", 0), ("127.0.0.1", 0))
    with Sandbox(settings) as sandbox:
        make_groups(sandbox.context, notes.append)
        made = by_name(sandbox)
        assert {name: group["FilterExpression"] for name, group in made.items()} == {
            "Default": None,
            "shop": 'service("storefront")',
            "checkout": 'service("checkout")',
        }
        assert [group["InsightsConfiguration"]["InsightsEnabled"] for group in made.values()] == [name != "Default" for name in made]
        update_group(sandbox.context, {"GroupName": "shop", "FilterExpression": "fault"})
        delete_group(sandbox.context, {"GroupName": "checkout"})
    with Sandbox(settings) as sandbox:
        make_groups(sandbox.context, notes.append)
        again = by_name(sandbox)
        assert again["shop"] == {**made["shop"], "FilterExpression": "fault"}
        assert again["checkout"]["GroupARN"] != made["checkout"]["GroupARN"]
    assert notes == []


def test_beside_as_many_groups_as_there_may_be_the_demo_goes_on_without_its_own() -> None:
    """25 with Default: 24 of the user's own leave no room, 23 leave room for one."""
    notes: list[str] = []
    with Sandbox(Settings(None, ("127.0.0.1", 0), ("127.0.0.1", 0))) as sandbox:
        for number in range(23):
            create_group(sandbox.context, {"GroupName": f"own-{number}", "FilterExpression": "fault"})
        make_groups(sandbox.context, notes.append)
        assert {"shop", "checkout"} & by_name(sandbox).keys() == {"shop"}
    assert notes == ["the demo goes on without its group checkout: The maximum number of groups, 25, has been reached"]
