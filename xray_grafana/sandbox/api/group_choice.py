"""The group that a call of graphs, statistics or insights names, by name or ARN; without one it is Default, which has every trace."""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any, NamedTuple

from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.request import text
from xray_grafana.sandbox.store.rollups import DEFAULT_GROUP

# botocore service model, GroupName and GroupARN.
_LONGEST_NAME = 32
_LONGEST_ARN = 400


class ChosenGroup(NamedTuple):
    """`changed`: when its filter last changed, seconds since 1970; None for Default, which has none."""

    name: str
    changed: float | None

    def changed_after(self, start: float) -> bool:
        """Whether traces from `start` on may have been put into the group by an older filter: membership is not retroactive."""
        return self.changed is not None and self.changed > start


def chosen_group(connection: Connection, request: Mapping[str, Any]) -> ChosenGroup:
    """Raises ApiError when there is no such group."""
    name = text(request, "GroupName", longest=_LONGEST_NAME)
    arn = text(request, "GroupARN", longest=_LONGEST_ARN)
    if name == DEFAULT_GROUP or (name is None and (arn is None or arn.endswith(f":group/{DEFAULT_GROUP}"))):
        return ChosenGroup(DEFAULT_GROUP, None)
    row = connection.execute("SELECT name, changed FROM groups WHERE name = ? OR (? IS NULL AND arn = ?)", (name, name, arn)).fetchone()
    if row is None:
        raise ApiError("Group not found.")
    return ChosenGroup._make(row)


def groups_with_insights(connection: Connection) -> list[str]:
    """The groups for which insights are enabled; Default is among them once UpdateGroup has enabled it."""
    return [name for (name,) in connection.execute("SELECT name FROM groups WHERE insights ORDER BY name")]


def arn_of(connection: Connection, name: str, region: str, account: str) -> str:
    """A group's ARN. Default's is made of its region and account (captured answers of X-Ray)."""
    row = connection.execute("SELECT arn FROM groups WHERE name = ?", (name,)).fetchone()
    return f"arn:aws:xray:{region}:{account}:group/{name}" if row is None else str(row[0])
