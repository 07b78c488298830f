"""Groups as they are stored, and which of them a request names by `GroupName`, by `GroupARN`, or by both, which must then agree.

Default has every trace and is there without having been made; of it alone the settings of insights are kept. Its ARN, the only one without
an id behind the name, is made of the sandbox's own region and account (captured answers of X-Ray).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.request import text
from xray_grafana.sandbox.store.rollups import DEFAULT_GROUP

# botocore service model, GroupName and GroupARN.
NAME_MAX: Final = 32
_ARN_MAX: Final = 400
# When the filter of a group changed that still has its first one.
NEVER: Final = 0.0

_ALL: Final = "SELECT name, arn, filter, insights, notifications, changed FROM groups ORDER BY name"


class Group(NamedTuple):
    """A row of table `groups`. `filter` is None of Default alone; `changed`: when it last changed, seconds since 1970."""

    name: str
    arn: str
    filter: str | None
    insights: bool
    notifications: bool
    changed: float

    def changed_after(self, start: float) -> bool:
        """Whether traces from `start` on may have been put into the group by an older filter: membership is not retroactive."""
        return self.changed > start


def all_groups(context: Context, connection: Connection) -> list[Group]:
    """Default, then the others by name."""
    stored = [_stored(*row) for row in connection.execute(_ALL)]
    default = Group(DEFAULT_GROUP, default_arn(context), None, insights=False, notifications=False, changed=NEVER)
    for group in stored:
        if group.name == DEFAULT_GROUP:
            default = default._replace(insights=group.insights, notifications=group.notifications)
    return [default, *(group for group in stored if group.name != DEFAULT_GROUP)]


def chosen_group(context: Context, connection: Connection, request: Mapping[str, Any]) -> Group:
    """For calls of graphs, statistics and insights: Default when none is named. ApiError when there is no such group."""
    # Captured answers of X-Ray: these calls say it with a full stop, those that manage groups without one.
    return _chosen(context, connection, request, "Group not found.")


def named_group(context: Context, connection: Connection, request: Mapping[str, Any]) -> Group:
    """For calls that manage groups: one must be named. ApiError when there is no such group."""
    if request.get("GroupName") is None and request.get("GroupARN") is None:
        raise ApiError("Either GroupName or GroupARN must be given")
    return _chosen(context, connection, request, "Group not found")


def groups_with_insights(context: Context, connection: Connection) -> list[Group]:
    """The groups for which insights are enabled; Default is among them once UpdateGroup has enabled it."""
    return [group for group in all_groups(context, connection) if group.insights]


def default_arn(context: Context) -> str:
    """Default's ARN."""
    return f"{_arn_prefix(context)}{DEFAULT_GROUP}"


def new_arn(context: Context, name: str, now: float) -> str:
    """52 characters of base 32 behind the name, as X-Ray has them: here a digest of the name and the time, so that a clock decides it."""
    digest = hashlib.sha256(f"{name} {now!r}".encode()).digest()
    return f"{_arn_prefix(context)}{name}/{base64.b32encode(digest).decode().rstrip('=')}"


def _chosen(context: Context, connection: Connection, request: Mapping[str, Any], absent: str) -> Group:
    name = text(request, "GroupName", longest=NAME_MAX)
    arn = text(request, "GroupARN", longest=_ARN_MAX)
    for group in all_groups(context, connection):  # Default first, for a request that names none; there are 25 at most
        if name in {None, group.name} and arn in {None, group.arn}:
            return group
    raise ApiError(absent)


def _stored(name: str, arn: str, expression: str | None, insights: int, notifications: int, changed: float) -> Group:
    """A row: SQLite has numbers for true and false."""
    return Group(name, arn, expression, bool(insights), bool(notifications), changed)


def _arn_prefix(context: Context) -> str:
    return f"arn:aws:xray:{context.region}:{context.account}:group/"
