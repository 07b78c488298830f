"""Groups: the five calls that manage them.

Default has every trace and no filter; of it alone the settings of insights are kept. Texts of errors are X-Ray's own where captured
answers have them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.request import needed_text, text, unreadable
from xray_grafana.sandbox.api.tags import put_tags, read_tags
from xray_grafana.sandbox.store.rollups import DEFAULT_GROUP, forget_group
from xray_grafana.xray.expression import ExpressionError, parse_filter

# AWS General Reference, "X-Ray endpoints and quotas": 25 groups in an account; Default is one of them.
GROUPS_MAX: Final = 25
# botocore service model, GroupName and GroupARN.
_NAME_MAX: Final = 32
_ARN_MAX: Final = 400
_NAME: Final = re.compile("[A-Za-z0-9-]+")

_MADE: Final = "SELECT name, arn, filter, insights, notifications FROM groups WHERE filter IS NOT NULL ORDER BY name"
_ONE: Final = "SELECT name, arn, filter, insights, notifications FROM groups WHERE name = coalesce(?, name) AND arn = coalesce(?, arn)"
_INSERT: Final = "INSERT INTO groups (name, arn, filter, insights, notifications, changed) VALUES (?, ?, ?, ?, ?, ?)"
_NOT_FOUND: Final = "Group not found"
# When the filter of a group changed that still has its first one.
_NEVER: Final = 0.0
_RESERVED: Final = f"{DEFAULT_GROUP} is a reserved group name"


class _Group(NamedTuple):
    name: str
    arn: str
    filter: str | None
    insights: bool
    notifications: bool


def _stored(name: str, arn: str, expression: str | None, insights: int, notifications: int) -> _Group:
    """A row: SQLite has numbers for true and false."""
    return _Group(name, arn, expression, bool(insights), bool(notifications))


def get_groups(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Default, then the others by name, on one page."""
    if request.get("NextToken") is not None:
        raise ApiError("Next Token not supported")
    with context.store.reading() as connection:
        rows = connection.execute(_MADE).fetchall()
        default = _default(context, connection)
    return {"Groups": [_answer(default), *(_answer(_stored(*row)) for row in rows)], "NextToken": None}


def get_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """One group by its name or ARN."""
    with context.store.reading() as connection:
        return {"Group": _answer(_named(context, connection, request))}


def create_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """A new group. Traces that are there already do not join it: membership is decided when a trace is read."""
    name = needed_text(request, "GroupName", longest=_NAME_MAX)
    if not _NAME.fullmatch(name):
        raise ApiError("Invalid group name: letters, digits and dashes are allowed")
    if name == DEFAULT_GROUP:
        raise ApiError(_RESERVED)
    expression = _filter(request.get("FilterExpression"))
    insights, notifications = _insights(request, (False, False))
    tags = read_tags(request)
    now = context.now()
    group = _Group(name, _new_arn(context, name, now), expression, insights, notifications)
    with context.store.writing() as connection:
        if connection.execute("SELECT 1 FROM groups WHERE name = ?", (name,)).fetchone():
            raise ApiError(f"{name} already exists")
        if len(connection.execute(_MADE).fetchall()) + 1 >= GROUPS_MAX:
            raise ApiError(f"The maximum number of groups, {GROUPS_MAX}, has been reached")
        connection.execute(_INSERT, (*group, _NEVER))
        put_tags(connection, group.arn, tags)
    return {"Group": _answer(group)}


def update_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Another filter or other settings; what is absent stays as it is. A new filter counts for traces that are read from now on.

    Of Default only the settings of insights can be changed (X-Ray Developer Guide, "Using insights").
    """
    with context.store.writing() as connection:
        old = _named(context, connection, request)
        given = request.get("FilterExpression")
        if given is not None and old.name == DEFAULT_GROUP:
            raise ApiError(_RESERVED)
        expression = old.filter if given is None else _filter(given)
        insights, notifications = _insights(request, (old.insights, old.notifications))
        group = _Group(old.name, old.arn, expression, insights, notifications)
        if group.name == DEFAULT_GROUP:
            connection.execute("INSERT OR IGNORE INTO groups VALUES (?, ?, NULL, 0, 0, ?)", (group.name, group.arn, _NEVER))
        connection.execute(
            "UPDATE groups SET filter = ?, insights = ?, notifications = ? WHERE name = ?",
            (group.filter, group.insights, group.notifications, group.name),
        )
        if group.filter != old.filter:
            connection.execute("UPDATE groups SET changed = ? WHERE name = ?", (context.now(), group.name))
    return {"Group": _answer(group)}


def delete_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The group, its tags and its counts are gone; traces stay."""
    with context.store.writing() as connection:
        group = _named(context, connection, request)
        if group.name == DEFAULT_GROUP:
            raise ApiError(_RESERVED)
        connection.execute("DELETE FROM tags WHERE arn = ?", (group.arn,))
        connection.execute("DELETE FROM groups WHERE name = ?", (group.name,))
        forget_group(connection, group.name)
    return {}


def default_arn(context: Context) -> str:
    """Default's ARN, the only one without an id behind the name."""
    return f"{_arn_prefix(context)}{DEFAULT_GROUP}"


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


def _named(context: Context, connection: Connection, request: Mapping[str, Any]) -> _Group:
    """The group that a request names by `GroupName`, by `GroupARN`, or by both, which must then agree."""
    name = text(request, "GroupName", longest=_NAME_MAX)
    arn = text(request, "GroupARN", longest=_ARN_MAX)
    if name is None and arn is None:
        raise ApiError("Either GroupName or GroupARN must be given")
    default = _default(context, connection)
    if name in {None, default.name} and arn in {None, default.arn}:
        return default
    row = connection.execute(_ONE, (name, arn)).fetchone()
    if row is None:
        raise ApiError(_NOT_FOUND)
    return _stored(*row)


def _default(context: Context, connection: Connection) -> _Group:
    arn = default_arn(context)
    settings = connection.execute("SELECT insights, notifications FROM groups WHERE name = ?", (DEFAULT_GROUP,)).fetchone()
    return _stored(DEFAULT_GROUP, arn, None, *(settings or (0, 0)))


def _arn_prefix(context: Context) -> str:
    return f"arn:aws:xray:{context.region}:{context.account}:group/"


def _new_arn(context: Context, name: str, now: float) -> str:
    """52 characters of base 32 behind the name, as X-Ray has them: here a digest of the name and the time, so that a clock decides it."""
    digest = hashlib.sha256(f"{name} {now!r}".encode()).digest()
    return f"{_arn_prefix(context)}{name}/{base64.b32encode(digest).decode().rstrip('=')}"


def _answer(group: _Group) -> dict[str, Any]:
    return {
        "GroupName": group.name,
        "GroupARN": group.arn,
        "FilterExpression": group.filter,
        "InsightsConfiguration": {"InsightsEnabled": group.insights, "NotificationsEnabled": group.notifications},
    }
