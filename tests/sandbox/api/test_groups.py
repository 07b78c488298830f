"""Groups by the calls that manage them, and whom a trace belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.made_facts import NOON, context_of, request
from tests.sandbox.service_model import check_answer
from xray_grafana.sandbox.api import groups
from xray_grafana.sandbox.api.context import Context, Handler
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.graph import get_service_graph
from xray_grafana.sandbox.api.group_choice import groups_with_insights
from xray_grafana.sandbox.api.tags import list_tags_for_resource
from xray_grafana.sandbox.derivation.membership import read_groups
from xray_grafana.sandbox.facts.match import matches
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.rollups import Counted
from xray_grafana.sandbox.store.store import Store
from xray_grafana.xray.expression import parse_filter

PREFIX = "arn:aws:xray:eu-west-1:111122223333:group/"
OFF = {"InsightsEnabled": False, "NotificationsEnabled": False}
DEFAULT = {"GroupName": "Default", "GroupARN": f"{PREFIX}Default", "FilterExpression": None, "InsightsConfiguration": OFF}


@pytest.fixture
def context() -> Iterator[Context]:
    store = Store.open(None)
    yield context_of(store, 0.0)
    store.close()


def create(context: Context, name: str, expression: str = "fault", **members: Any) -> dict[str, Any]:
    answer = groups.create_group(context, {"GroupName": name, "FilterExpression": expression, **members})
    check_answer("CreateGroup", answer)
    group: dict[str, Any] = answer["Group"]
    return group


def refused(handler: Handler, context: Context, request: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        handler(context, request)
    assert caught.value.status == 400
    return caught.value.name, caught.value.message


def listed(context: Context) -> list[dict[str, Any]]:
    answer = groups.get_groups(context, {})
    check_answer("GetGroups", answer)
    assert answer["NextToken"] is None
    found: list[dict[str, Any]] = answer["Groups"]
    return found


def changed(context: Context, name: str) -> float:
    with context.store.reading() as connection:
        (found,) = connection.execute("SELECT changed FROM groups WHERE name = ?", (name,)).fetchone()
    return float(found)


def test_default_is_there_without_having_been_made(context: Context) -> None:
    assert listed(context) == [DEFAULT]
    for named in ({"GroupName": "Default"}, {"GroupARN": f"{PREFIX}Default"}, {"GroupName": "Default", "GroupARN": f"{PREFIX}Default"}):
        answer = groups.get_group(context, named)
        check_answer("GetGroup", answer)
        assert answer["Group"] == DEFAULT


def test_a_group_is_made_and_read_by_name_and_arn(context: Context) -> None:
    group = create(context, "slow", "duration > 5")
    assert group["GroupName"] == "slow"
    assert group["FilterExpression"] == "duration > 5"
    assert group["InsightsConfiguration"] == OFF
    assert re.fullmatch(f"{PREFIX}slow/[A-Z2-7]{{52}}", group["GroupARN"])
    for named in ({"GroupName": "slow"}, {"GroupARN": group["GroupARN"]}, {"GroupName": "slow", "GroupARN": group["GroupARN"]}):
        assert groups.get_group(context, named) == {"Group": group}


def test_default_comes_first_and_the_others_by_name(context: Context) -> None:
    for name in ("slow", "Errors", "b-2"):
        create(context, name)
    assert [group["GroupName"] for group in listed(context)] == ["Default", "Errors", "b-2", "slow"]


def test_insights_and_tags_can_be_given_at_once(context: Context) -> None:
    group = create(context, "slow", InsightsConfiguration={"InsightsEnabled": True}, Tags=[{"Key": "team", "Value": "shop"}])
    assert group["InsightsConfiguration"] == {"InsightsEnabled": True, "NotificationsEnabled": False}
    assert list_tags_for_resource(context, {"ResourceARN": group["GroupARN"]})["Tags"] == [{"Key": "team", "Value": "shop"}]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"GroupName": "Default", "FilterExpression": "ok"}, "Default is a reserved group name"),
        ({"GroupName": "taken", "FilterExpression": "ok"}, "taken already exists"),
        ({"GroupName": "empty"}, "Filter Expression is empty"),
        ({"GroupName": "empty", "FilterExpression": ""}, "Filter Expression is empty"),
        ({"GroupName": "empty", "FilterExpression": " \n"}, "Filter Expression is empty"),
        ({"GroupName": "bad", "FilterExpression": "madeup"}, "Error Location: line 1, position 1 : Invalid input symbol: 'ma'"),
        ({"GroupName": "under_score", "FilterExpression": "ok"}, "Invalid group name: letters, digits and dashes are allowed"),
        ({"GroupName": "né", "FilterExpression": "ok"}, "Invalid group name: letters, digits and dashes are allowed"),
    ],
)
def test_a_group_that_cannot_be_is_refused(context: Context, members: dict[str, Any], message: str) -> None:
    create(context, "taken")
    assert refused(groups.create_group, context, members) == ("InvalidRequestException", message)
    assert [group["GroupName"] for group in listed(context)] == ["Default", "taken"]


@pytest.mark.parametrize(
    ("members", "name", "message"),
    [
        (
            {},
            "ValidationException",
            "1 validation error detected: Value null at 'groupName' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"GroupName": "a" * 33},
            "ValidationException",
            (
                f"1 validation error detected: Value '{'a' * 33}' at 'groupName' failed to satisfy constraint: "
                "Member must have length less than or equal to 32"
            ),
        ),
        ({"GroupName": 5}, "SerializationException", "groupName is not of the type that the service model gives it"),
        (
            {"GroupName": "a", "FilterExpression": 5},
            "SerializationException",
            "filterExpression is not of the type that the service model gives it",
        ),
        (
            {"GroupName": "a", "FilterExpression": "ok", "InsightsConfiguration": "on"},
            "SerializationException",
            "insightsConfiguration is not of the type that the service model gives it",
        ),
        (
            {"GroupName": "a", "FilterExpression": "ok", "InsightsConfiguration": {"InsightsEnabled": "yes"}},
            "SerializationException",
            "insightsConfiguration is not of the type that the service model gives it",
        ),
    ],
)
def test_a_member_of_another_form_is_refused(context: Context, members: dict[str, Any], name: str, message: str) -> None:
    assert refused(groups.create_group, context, members) == (name, message)


def test_an_account_has_25_groups_with_default(context: Context) -> None:
    for number in range(24):
        create(context, f"g{number}")
    message = "The maximum number of groups, 25, has been reached"
    assert refused(groups.create_group, context, {"GroupName": "g24", "FilterExpression": "ok"}) == ("InvalidRequestException", message)
    assert len(listed(context)) == 25


def test_a_group_with_too_many_tags_is_not_made(context: Context) -> None:
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
    assert refused(groups.create_group, context, {"GroupName": "a", "FilterExpression": "ok", "Tags": tags}) == (
        "TooManyTagsException",
        "A resource has at most 50 tags",
    )
    assert listed(context) == [DEFAULT]


def test_an_update_changes_what_it_names(context: Context) -> None:
    group = create(context, "slow", "duration > 5")
    answer = groups.update_group(context, {"GroupARN": group["GroupARN"], "InsightsConfiguration": {"InsightsEnabled": True}})
    check_answer("UpdateGroup", answer)
    assert answer["Group"] == {**group, "InsightsConfiguration": {"InsightsEnabled": True, "NotificationsEnabled": False}}
    answer = groups.update_group(context, {"GroupName": "slow", "FilterExpression": "duration > 9"})
    assert answer["Group"]["FilterExpression"] == "duration > 9"
    assert groups.get_group(context, {"GroupName": "slow"}) == answer
    assert answer["Group"]["InsightsConfiguration"]["InsightsEnabled"] is True


def test_the_time_of_change_is_that_of_the_filter(context: Context) -> None:
    create(context, "slow", "duration > 5")
    assert changed(context, "slow") == 0.0, "a first filter is no change"
    later = context_of(context.store, 60.0)
    groups.update_group(
        later, {"GroupName": "slow", "FilterExpression": "duration > 5", "InsightsConfiguration": {"InsightsEnabled": True}}
    )
    assert changed(context, "slow") == 0.0, "the same filter is no change"
    groups.update_group(later, {"GroupName": "slow", "FilterExpression": "duration > 9"})
    assert changed(context, "slow") == NOON + 60


def test_a_deleted_group_is_gone_with_its_tags(context: Context) -> None:
    group = create(context, "slow", Tags=[{"Key": "team", "Value": "shop"}])
    check_answer("DeleteGroup", groups.delete_group(context, {"GroupName": "slow"}))
    assert listed(context) == [DEFAULT]
    assert create(context, "slow")["GroupARN"] == group["GroupARN"]  # the clock of these tests stands still
    assert list_tags_for_resource(context, {"ResourceARN": group["GroupARN"]})["Tags"] == []


def test_groups_of_one_name_made_at_two_times_have_two_arns(context: Context) -> None:
    first = create(context, "slow")
    groups.delete_group(context, {"GroupName": "slow"})
    assert create(context_of(context.store, 1.0), "slow")["GroupARN"] != first["GroupARN"]


@pytest.mark.parametrize("handler", [groups.get_group, groups.update_group, groups.delete_group])
def test_a_group_must_be_named_and_be_there(context: Context, handler: Handler) -> None:
    arn = create(context, "slow")["GroupARN"]
    invalid = "InvalidRequestException"
    assert refused(handler, context, {}) == (invalid, "Either GroupName or GroupARN must be given")
    for named in (
        {"GroupName": "fast"},
        {"GroupARN": f"{arn}X"},
        {"GroupName": "fast", "GroupARN": arn},
        {"GroupName": "Default", "GroupARN": arn},
        {"GroupARN": "arn:aws:xray:us-west-2:111122223333:group/Default"},
        {"GroupName": "slow", "GroupARN": f"{PREFIX}Default"},
    ):
        assert refused(handler, context, named) == (invalid, "Group not found")


@pytest.mark.parametrize("handler", [groups.update_group, groups.delete_group])
def test_default_takes_no_filter_and_stays(context: Context, handler: Handler) -> None:
    assert refused(handler, context, {"GroupName": "Default", "FilterExpression": "ok"})[1] == "Default is a reserved group name"


def test_insights_of_default_can_be_switched(context: Context) -> None:
    switched = {"GroupName": "Default", "InsightsConfiguration": {"InsightsEnabled": True}}
    on = {**DEFAULT, "InsightsConfiguration": {"InsightsEnabled": True, "NotificationsEnabled": False}}
    assert groups.update_group(context, switched) == {"Group": on}
    assert listed(context) == [on]
    with context.store.reading() as connection:
        assert [group.name for group in groups_with_insights(context, connection)] == ["Default"]
        assert read_groups(connection).of(request(1.0, "fault")) == ()
    groups.update_group(context, {"GroupName": "Default", "InsightsConfiguration": {"InsightsEnabled": False}})
    assert listed(context) == [DEFAULT]


def test_a_group_made_again_counts_anew(context: Context) -> None:
    create(context, "faults")
    with context.store.writing() as connection:
        rollups.apply(connection, [], [Counted(request(3.0, "fault"), NOON, ("faults",))])
    asked = {"GroupName": "faults", "StartTime": NOON - 60, "EndTime": NOON + 60}
    assert [each["Name"] for each in get_service_graph(context, asked)["Services"]] == ["shop", "shop"]
    groups.delete_group(context, {"GroupName": "faults"})
    create(context, "faults")
    assert get_service_graph(context, asked)["Services"] == []


def test_an_update_needs_a_sound_filter(context: Context) -> None:
    create(context, "slow", "duration > 5")
    assert refused(groups.update_group, context, {"GroupName": "slow", "FilterExpression": ""})[1] == "Filter Expression is empty"
    message = "Error Location: line 1, position 3 : Invalid input symbol: '{'; expected a condition"
    assert refused(groups.update_group, context, {"GroupName": "slow", "FilterExpression": "ok{"})[1] == message
    assert groups.get_group(context, {"GroupName": "slow"})["Group"]["FilterExpression"] == "duration > 5"


def test_groups_come_on_one_page(context: Context) -> None:
    assert refused(groups.get_groups, context, {"NextToken": "a"}) == ("InvalidRequestException", "Next Token not supported")


def test_a_trace_belongs_to_the_groups_that_find_it(context: Context) -> None:
    faulty, fine = request(3.0, "fault"), request(0.5)
    with context.store.reading() as connection:
        assert read_groups(connection).of(faulty) == ()
    create(context, "slow", "duration > 2")
    create(context, "faults", "fault")
    create(context, "bad", 'group.name = "slow" OR group.name = "faults"')
    create(context, "quick", 'group.name != "slow"')
    create(context, "all", 'group.name = "Default"')
    with context.store.reading() as connection:
        assert read_groups(connection).of(faulty) == ("all", "bad", "faults", "slow")
        assert read_groups(connection).of(fine) == ("all", "quick")


def test_groups_are_looked_up_by_name_and_arn(context: Context) -> None:
    arn = create(context, "faults", "fault")["GroupARN"]
    with context.store.reading() as connection:
        found = read_groups(connection).expressions
    assert set(found) == {"Default", "faults", arn}
    assert matches(parse_filter(f'group.arn = "{arn}"'), request(1.0, "fault"), found)
