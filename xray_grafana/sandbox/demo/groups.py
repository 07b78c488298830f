"""X-Ray groups of the demo, with insights on: what goes wrong in the shop then shows as insights, too."""

from __future__ import annotations

from typing import Final

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.groups import create_group, get_groups
from xray_grafana.sandbox.demo.scene import CHECKOUT, STOREFRONT

GROUPS: Final = {"shop": f'service("{STOREFRONT.name}")', "checkout": f'service("{CHECKOUT.name}")'}


def make_groups(context: Context) -> None:
    """Makes those that are not there. For the start: traces that came before are in no group."""
    there = {group["GroupName"] for group in get_groups(context, {})["Groups"]}
    for name, expression in GROUPS.items():
        if name not in there:
            settings = {"InsightsEnabled": True, "NotificationsEnabled": False}
            create_group(context, {"GroupName": name, "FilterExpression": expression, "InsightsConfiguration": settings})
