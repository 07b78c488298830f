"""TagResource, UntagResource and ListTagsForResource: tags of groups and sampling rules."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from sqlite3 import Connection
from typing import Any, Final

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.request import missing, needed_text, texts, unreadable, violation

# AWS General Reference, "X-Ray endpoints and quotas"; lengths: botocore service model.
TAGS_MAX: Final = 50
_KEY_MAX: Final = 128
_VALUE_MAX: Final = 256
_ARN_MAX: Final = 1011
_RESERVED: Final = "aws:"


def tag_resource(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Adds tags or gives them new values."""
    arn = needed_text(request, "ResourceARN", longest=_ARN_MAX)
    if request.get("Tags") is None:
        raise missing("Tags")
    tags = read_tags(request)
    with context.store.writing() as connection:
        _must_exist(context, connection, arn)
        put_tags(connection, arn, tags)
    return {}


def untag_resource(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Removes tags; a key that is not there is no error."""
    arn = needed_text(request, "ResourceARN", longest=_ARN_MAX)
    keys = texts(request, "TagKeys")
    with context.store.writing() as connection:
        _must_exist(context, connection, arn)
        connection.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])
    return {}


def list_tags_for_resource(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """All tags, by key. There is one page."""
    arn = needed_text(request, "ResourceARN", longest=_ARN_MAX)
    if request.get("NextToken") is not None:
        raise ApiError(f"Invalid token {request['NextToken']}")
    with context.store.reading() as connection:
        _must_exist(context, connection, arn)
        rows = connection.execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,)).fetchall()
    return {"Tags": [{"Key": key, "Value": value} for key, value in rows], "NextToken": None}


def read_tags(request: Mapping[str, Any]) -> dict[str, str]:
    """`Tags` of a request, none when it is absent."""
    tags: dict[str, str] = {}
    listed = request.get("Tags") or []
    if not isinstance(listed, list):
        raise unreadable("Tags")
    for number, tag in enumerate(listed, 1):
        if not isinstance(tag, dict):
            raise unreadable("Tags")
        key = _tag_text(tag, "Key", number, _KEY_MAX)
        if not key:
            raise violation(f"tags.{number}.member.key", "Member must have length greater than or equal to 1", key)
        if key in tags:
            # X-Ray's own answer (captured) is this error without any message.
            raise ApiError(f"the tag {key} is given twice", name="InternalFailure", status=HTTPStatus.INTERNAL_SERVER_ERROR, framework=True)
        if key.lower().startswith(_RESERVED):
            raise ApiError(f"Tag keys that begin with {_RESERVED} are reserved")
        tags[key] = _tag_text(tag, "Value", number, _VALUE_MAX)
    return tags


def put_tags(connection: Connection, arn: str, tags: Mapping[str, str]) -> None:
    """Adds tags to a resource that is there. Raises ApiError when it would have too many, and changes nothing then."""
    present = {key for (key,) in connection.execute("SELECT key FROM tags WHERE arn = ?", (arn,))}
    if len(present | set(tags)) > TAGS_MAX:
        raise ApiError(f"A resource has at most {TAGS_MAX} tags", name="TooManyTagsException")
    connection.executemany("INSERT OR REPLACE INTO tags (arn, key, value) VALUES (?, ?, ?)", [(arn, *tag) for tag in tags.items()])


def _tag_text(tag: Mapping[str, Any], name: str, number: int, longest: int) -> str:
    where = f"tags.{number}.member.{name.lower()}"
    value = tag.get(name)
    if value is None:
        raise missing(where)
    if not isinstance(value, str):
        raise unreadable("Tags")
    if len(value) > longest:
        raise violation(where, f"Member must have length less than or equal to {longest}", value)
    return value


def _must_exist(context: Context, connection: Connection, arn: str) -> None:
    prefix = f"arn:aws:xray:{context.region}:{context.account}:"
    known = (
        arn in {f"{prefix}group/Default", f"{prefix}sampling-rule/Default"}
        or connection.execute(
            "SELECT 1 FROM groups WHERE arn = ? UNION SELECT 1 FROM sampling_rules WHERE ? = ? || name",
            (arn, arn, f"{prefix}sampling-rule/"),
        ).fetchone()
    )
    if not known:
        raise ApiError(f"Resource {arn} not found", name="ResourceNotFoundException", status=HTTPStatus.NOT_FOUND)
