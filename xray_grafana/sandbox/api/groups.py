"""Groups: the five calls that manage them. Texts of errors are X-Ray's own where captured answers have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.group_choice import NAME_MAX, NEVER, Group, all_groups, named_group, new_arn
from xray_grafana.sandbox.api.request import needed_text, unreadable
from xray_grafana.sandbox.api.tags import put_tags, read_tags
from xray_grafana.sandbox.store.rollups import DEFAULT_GROUP, forget_group
from xray_grafana.xray.expression import ExpressionError, parse_filter

# AWS General Reference, "X-Ray endpoints and quotas": 25 groups in an account; Default is one of them.
GROUPS_MAX: Final = 25
_NAME: Final = re.compile("[A-Za-z0-9-]+")

_WRITE: Final = "INSERT OR REPLACE INTO groups (name, arn, filter, insights, notifications, changed) VALUES (?, ?, ?, ?, ?, ?)"
_RESERVED: Final = f"{DEFAULT_GROUP} is a reserved group name"


def get_groups(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Default, then the others by name, on one page."""
    if request.get("NextToken") is not None:
        raise ApiError("Next Token not supported")
    with context.store.reading() as connection:
        return {"Groups": [_answer(group) for group in all_groups(context, connection)], "NextToken": None}


def get_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """One group by its name or ARN."""
    with context.store.reading() as connection:
        return {"Group": _answer(named_group(context, connection, request))}


def create_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """A new group. Traces that are there already do not join it: membership is decided when a trace is read."""
    name = needed_text(request, "GroupName", longest=NAME_MAX)
    if not _NAME.fullmatch(name):
        raise ApiError("Invalid group name: letters, digits and dashes are allowed")
    if name == DEFAULT_GROUP:
        raise ApiError(_RESERVED)
    expression = _filter(request.get("FilterExpression"))
    insights, notifications = _insights(request, (False, False))
    tags = read_tags(request)
    group = Group(name, new_arn(context, name, context.now()), expression, insights, notifications, NEVER)
    with context.store.writing() as connection:
        present = all_groups(context, connection)
        if name in {each.name for each in present}:
            raise ApiError(f"{name} already exists")
        if len(present) >= GROUPS_MAX:
            raise ApiError(f"The maximum number of groups, {GROUPS_MAX}, has been reached")
        connection.execute(_WRITE, group)
        put_tags(connection, group.arn, tags)
    return {"Group": _answer(group)}


def update_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Another filter or other settings; what is absent stays as it is. A new filter counts for traces that are read from now on.

    Of Default only the settings of insights can be changed (X-Ray Developer Guide, "Using insights").
    """
    with context.store.writing() as connection:
        old = named_group(context, connection, request)
        given = request.get("FilterExpression")
        if given is not None and old.name == DEFAULT_GROUP:
            raise ApiError(_RESERVED)
        expression = old.filter if given is None else _filter(given)
        insights, notifications = _insights(request, (old.insights, old.notifications))
        changed = old.changed if expression == old.filter else context.now()
        group = Group(old.name, old.arn, expression, insights, notifications, changed)
        connection.execute(_WRITE, group)
    return {"Group": _answer(group)}


def delete_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The group, its tags and its counts are gone; traces stay."""
    with context.store.writing() as connection:
        group = named_group(context, connection, request)
        if group.name == DEFAULT_GROUP:
            raise ApiError(_RESERVED)
        connection.execute("DELETE FROM tags WHERE arn = ?", (group.arn,))
        connection.execute("DELETE FROM groups WHERE name = ?", (group.name,))
        forget_group(connection, group.name)
    return {}


def _filter(value: object) -> str:
    """A filter that can be kept. ApiError says where it is wrong."""
    if value is None or value == "":
        raise ApiError("Filter Expression is empty")
    if not isinstance(value, str):
        raise unreadable("FilterExpression")
    if not value.strip():
        raise ApiError("Filter Expression is empty")
    try:
        parse_filter(value)
    except ExpressionError as error:
        raise ApiError(str(error)) from None
    return value


def _insights(request: Mapping[str, Any], old: tuple[bool, bool]) -> tuple[bool, bool]:
    configuration = request.get("InsightsConfiguration")
    if configuration is None:
        return old
    if not isinstance(configuration, dict):
        raise unreadable("InsightsConfiguration")
    settings = [
        before if configuration.get(name) is None else configuration[name]
        for name, before in zip(("InsightsEnabled", "NotificationsEnabled"), old, strict=True)
    ]
    if not all(isinstance(each, bool) for each in settings):
        raise unreadable("InsightsConfiguration")
    return settings[0], settings[1]


def _answer(group: Group) -> dict[str, Any]:
    return {
        "GroupName": group.name,
        "GroupARN": group.arn,
        "FilterExpression": group.filter,
        "InsightsConfiguration": {"InsightsEnabled": group.insights, "NotificationsEnabled": group.notifications},
    }
