"""Tags of groups and sampling rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.made_facts import context_of
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api.context import Context, Handler
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.groups import create_group
from xray_grafana.sandbox.api.tags import list_tags_for_resource, tag_resource, untag_resource
from xray_grafana.sandbox.store.store import Store

PREFIX = "arn:aws:xray:eu-west-1:111122223333:"


@pytest.fixture
def context() -> Iterator[Context]:
    store = Store.open(None)
    yield context_of(store, 0.0)
    store.close()


@pytest.fixture
def arn(context: Context) -> str:
    group = create_group(context, {"GroupName": "slow", "FilterExpression": "duration > 5"})["Group"]
    return str(group["GroupARN"])


def put(context: Context, arn: str, **tags: str) -> None:
    answer = tag_resource(context, {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})
    check_answer("TagResource", answer)


def tags_of(context: Context, arn: str) -> dict[str, str]:
    answer = list_tags_for_resource(context, {"ResourceARN": arn})
    check_answer("ListTagsForResource", answer)
    assert answer["NextToken"] is None
    keys = [tag["Key"] for tag in answer["Tags"]]
    assert keys == sorted(keys)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def refused(handler: Handler, context: Context, request: dict[str, Any]) -> tuple[int, str, str]:
    with pytest.raises(ApiError) as caught:
        handler(context, request)
    return caught.value.status, caught.value.name, caught.value.message


def test_tags_are_added_changed_and_removed(context: Context, arn: str) -> None:
    assert tags_of(context, arn) == {}
    put(context, arn, team="shop", stage="test", empty="")
    put(context, arn, stage="live")
    assert tags_of(context, arn) == {"team": "shop", "stage": "live", "empty": ""}
    check_answer("UntagResource", untag_resource(context, {"ResourceARN": arn, "TagKeys": ["team", "never there"]}))
    assert tags_of(context, arn) == {"stage": "live", "empty": ""}


def test_resources_keep_their_tags_apart(context: Context, arn: str) -> None:
    put(context, arn, team="shop")
    put(context, f"{PREFIX}group/Default", team="all")
    assert tags_of(context, arn) == {"team": "shop"}


def test_sampling_rules_have_tags_too(context: Context) -> None:
    with context.store.writing() as connection:
        connection.execute("INSERT INTO sampling_rules (name, rule, created, modified) VALUES ('pay', '{}', 0, 0)")
    for name in ("pay", "Default"):
        put(context, f"{PREFIX}sampling-rule/{name}", team=name)
        assert tags_of(context, f"{PREFIX}sampling-rule/{name}") == {"team": name}


@pytest.mark.parametrize("handler", [tag_resource, untag_resource, list_tags_for_resource])
@pytest.mark.parametrize("tail", ["group/slow", "group/slow/X", "sampling-rule/pay", "sampling-rule/", "sampling-rule/%"])
def test_a_resource_that_is_not_there_is_not_found(context: Context, arn: str, handler: Handler, tail: str) -> None:
    absent = f"{PREFIX}{tail}"
    assert absent != arn
    request = {"ResourceARN": absent, "Tags": [], "TagKeys": []}
    assert refused(handler, context, request) == (404, "ResourceNotFoundException", f"Resource {absent} not found")


@pytest.mark.parametrize("handler", [tag_resource, untag_resource, list_tags_for_resource])
def test_a_resource_must_be_named(context: Context, handler: Handler) -> None:
    message = "1 validation error detected: Value null at 'resourceARN' failed to satisfy constraint: Member must not be null"
    assert refused(handler, context, {}) == (400, "ValidationException", message)


@pytest.mark.parametrize(
    ("tags", "status", "name", "message"),
    [
        (
            None,
            400,
            "ValidationException",
            "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null",
        ),
        ("team", 400, "SerializationException", "tags is not of the type that the service model gives it"),
        (["team"], 400, "SerializationException", "tags is not of the type that the service model gives it"),
        ([{"Key": "team", "Value": 5}], 400, "SerializationException", "tags is not of the type that the service model gives it"),
        (
            [{"Key": "team", "Value": ""}, {"Value": "shop"}],
            400,
            "ValidationException",
            "1 validation error detected: Value null at 'tags.2.member.key' failed to satisfy constraint: Member must not be null",
        ),
        (
            [{"Key": "", "Value": "shop"}],
            400,
            "ValidationException",
            (
                "1 validation error detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
        (
            [{"Key": "team", "Value": "v" * 257}],
            400,
            "ValidationException",
            (
                f"1 validation error detected: Value '{'v' * 257}' at 'tags.1.member.value' failed to satisfy constraint: "
                "Member must have length less than or equal to 256"
            ),
        ),
        ([{"Key": "AWS:team", "Value": ""}], 400, "InvalidRequestException", "Tag keys that begin with aws: are reserved"),
        ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], 500, "InternalFailure", "the tag a is given twice"),
    ],
)
def test_tags_of_another_form_are_refused(context: Context, arn: str, tags: object, status: int, name: str, message: str) -> None:
    assert refused(tag_resource, context, {"ResourceARN": arn, "Tags": tags}) == (status, name, message)
    assert tags_of(context, arn) == {}


def test_a_resource_has_50_tags_at_most(context: Context, arn: str) -> None:
    put(context, arn, **{f"k{number}": "1" for number in range(50)})
    put(context, arn, k0="2")
    assert refused(tag_resource, context, {"ResourceARN": arn, "Tags": [{"Key": "one more", "Value": ""}]}) == (
        400,
        "TooManyTagsException",
        "A resource has at most 50 tags",
    )
    assert len(tags_of(context, arn)) == 50


def test_tags_come_on_one_page(context: Context, arn: str) -> None:
    assert refused(list_tags_for_resource, context, {"ResourceARN": arn, "NextToken": "a"})[2] == "Invalid token a"
    assert refused(untag_resource, context, {"ResourceARN": arn})[2].startswith("1 validation error detected: Value null at 'tagKeys'")
