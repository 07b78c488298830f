"""X-Ray groups of the demo, with insights on: what goes wrong in the shop then shows as insights, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.groups import create_group, get_groups
from xray_grafana.sandbox.demo.scene import CHECKOUT, STOREFRONT

GROUPS: Final = {"shop": f'service("{STOREFRONT.name}")', "checkout": f'service("{CHECKOUT.name}")'}


def make_groups(context: Context, note: Callable[[str], None]) -> None:
    """Makes those that are not there. For the start: traces that came before are in no group.

    `note` is told of one that cannot be made, such as beside as many others as there may be: the demo goes on without it.
    """
    there = {group["GroupName"] for group in get_groups(context, {})["Groups"]}
    for name, expression in GROUPS.items():
        if name not in there:
            settings = {"InsightsEnabled": True, "NotificationsEnabled": False}
            try:
                create_group(context, {"GroupName": name, "FilterExpression": expression, "InsightsConfiguration": settings})
            except ApiError as error:
                note(f"the demo goes on without its group {name}: {error.message}")
