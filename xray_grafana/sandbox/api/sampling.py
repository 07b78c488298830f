"""The sampling calls of the API: what comes in is held against the service model and refused in AWS's words where they are known."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any, Final

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.request import missing, moment, needed_text, text, unreadable, violation, whole
from xray_grafana.sandbox.api.tags import put_tags, read_tags
from xray_grafana.sandbox.sampling.rule import (
    ATTRIBUTES,
    BOOST,
    BOOST_MEMBERS,
    CHANGEABLE_OF_DEFAULT,
    DEFAULT_RULE,
    LARGEST_INTEGER,
    MAX_RULES,
    RULE_ARN,
    SETTING_MEMBERS,
    Member,
    Rule,
    are_attributes,
    default_rule,
    is_of_kind,
    is_within,
)
from xray_grafana.sandbox.sampling.sampling import write

_DOCUMENTS: Final = "SamplingStatisticsDocuments"
_MAX_DOCUMENTS: Final = 25
_CLIENT_ID: Final = re.compile(r"[0-9a-fA-F]{24}").fullmatch


def get_sampling_rules(context: Context, _request: dict[str, Any]) -> dict[str, Any]:
    """All rules in one page."""
    return {"SamplingRuleRecords": context.sampling.records(), "NextToken": None}


def get_sampling_targets(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """A target for each rule that a client reports on; rules that are not there are listed."""
    documents = request.get(_DOCUMENTS)
    if documents is None:
        raise missing(_DOCUMENTS)
    if not isinstance(documents, list) or not all(isinstance(each, dict) for each in documents):
        raise unreadable(_DOCUMENTS)
    if len(documents) > _MAX_DOCUMENTS:
        raise violation(_DOCUMENTS, f"Member must have length less than or equal to {_MAX_DOCUMENTS}")
    rules = {record["SamplingRule"]["RuleName"]: record["SamplingRule"] for record in context.sampling.records()}
    targets: list[dict[str, Any]] = []
    unprocessed: list[dict[str, str]] = []
    for name, client, counts in [_report(each) for each in documents]:
        if name in rules:
            targets.append(context.sampling.target(rules[name], client, counts))
        else:
            unprocessed.append({"RuleName": name, "ErrorCode": "400", "Message": "Unknown rule"})
    return {
        "SamplingTargetDocuments": targets,
        "LastRuleModification": context.sampling.last_modification,
        "UnprocessedStatistics": unprocessed,
        "UnprocessedBoostStatistics": [],
    }


def get_sampling_statistic_summaries(context: Context, _request: dict[str, Any]) -> dict[str, Any]:
    """What clients reported, in one page."""
    return {"SamplingStatisticSummaries": context.sampling.statistics(), "NextToken": None}


def create_sampling_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Stores a new rule."""
    given = _structure(request, "SamplingRule")
    name = _name(given)
    rule = _members(given, needed=True)
    if name == DEFAULT_RULE:
        raise ApiError("Default sampling rule already exists")
    tags = read_tags(request)
    now = context.now()
    with context.store.writing() as connection:
        if _stored(connection, name) is not None:
            raise ApiError(f"Sampling rule with name {name} already exists")
        (count,) = connection.execute("SELECT count(*) FROM sampling_rules WHERE name != ?", (DEFAULT_RULE,)).fetchone()
        if count >= MAX_RULES:
            raise ApiError(f"Exceeded the limit of {MAX_RULES} sampling rules", name="RuleLimitExceededException")
        complete = {"RuleName": name, **rule}
        write(connection, complete, now)
        record = context.sampling.record(complete, now, now)
        put_tags(connection, record["SamplingRule"][RULE_ARN], tags)
    context.sampling.changed()
    return {"SamplingRuleRecord": record}


def update_sampling_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Changes the members that are given. Of Default only the rate and the reservoir can be changed."""
    given = _structure(request, "SamplingRuleUpdate")
    name = _name(given)
    changes = _members(given, needed=False)
    if name == DEFAULT_RULE and not changes.keys() <= set(CHANGEABLE_OF_DEFAULT):
        raise ApiError("Only FixedRate and ReservoirSize of the Default sampling rule can be updated")
    now = context.now()
    with context.store.writing() as connection:
        stored = _stored(connection, name)
        if stored is None:
            if name != DEFAULT_RULE:
                raise _not_found(name)
            stored = default_rule(), 0.0
        rule = {**stored[0], **changes}
        write(connection, rule, now)
    context.sampling.changed()
    return {"SamplingRuleRecord": context.sampling.record(rule, stored[1], now)}


def delete_sampling_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Deletes a rule, never Default."""
    name = _name(request)
    if name == DEFAULT_RULE:
        raise ApiError("Default sampling rule can not be deleted")
    now = context.now()
    with context.store.writing() as connection:
        stored = _stored(connection, name)
        if stored is None:
            raise _not_found(name)
        record = context.sampling.record(stored[0], stored[1], now)
        connection.execute("DELETE FROM sampling_rules WHERE name = ?", (name,))
        connection.execute("DELETE FROM tags WHERE arn = ?", (record["SamplingRule"][RULE_ARN],))
    context.sampling.changed()
    return {"SamplingRuleRecord": record}


def _report(document: dict[str, Any]) -> tuple[str, str, tuple[int, int, int]]:
    """Rule, client and its counts of requests, borrowed and sampled ones."""
    name = needed_text(document, "RuleName", longest=32)
    client = needed_text(document, "ClientID")
    if not _CLIENT_ID(client):
        raise violation("ClientID", "Member must have length equal to 24", client)
    moment(document, "Timestamp")
    counts = [whole(document, each, least=0, most=LARGEST_INTEGER) for each in ("RequestCount", "BorrowCount", "SampledCount")]
    for each, count in zip(("RequestCount", "SampledCount"), counts[::2], strict=True):
        if count is None:
            raise missing(each)
    return name, client, (counts[0] or 0, counts[1] or 0, counts[2] or 0)


def _structure(request: dict[str, Any], name: str) -> dict[str, Any]:
    value = request.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, dict):
        raise unreadable(name)
    return value


def _name(given: dict[str, Any]) -> str:
    """By name or by ARN, which ends in the name."""
    name = text(given, "RuleName", longest=32)
    rule_arn = text(given, RULE_ARN)
    if name is not None and rule_arn is not None:
        raise ApiError("Request cannot contain both RuleName and RuleARN")
    if name is None and rule_arn is None:
        raise ApiError("Request must contain either RuleName or RuleARN")
    return name if name is not None else str(rule_arn).rpartition("/")[2]


def _members(given: dict[str, Any], *, needed: bool) -> Rule:
    """What is given, checked; all but the name when all are needed."""
    rule: Rule = {}
    for each in SETTING_MEMBERS:
        value = given.get(each.name)
        if value is not None:
            rule[each.name] = _checked(each, value)
        elif needed:
            raise missing(each.name)
    attributes = given.get(ATTRIBUTES)
    if attributes is not None:
        if not are_attributes(attributes):
            raise violation(ATTRIBUTES, "Map must have at most 5 short texts by name")
        rule[ATTRIBUTES] = attributes
    elif needed:
        rule[ATTRIBUTES] = {}
    if given.get(BOOST) is not None:
        rule[BOOST] = _boost(_structure(given, BOOST))
    return rule


def _boost(given: dict[str, Any]) -> Rule:
    """Only what the service model has: whatever else came along would stand in every later answer."""
    boost: Rule = {}
    for each in BOOST_MEMBERS:
        value = given.get(each.name)
        if value is None:
            raise missing(each.name)
        boost[each.name] = _checked(each, value)
    return boost


def _checked(each: Member, value: Any) -> Any:
    if not is_of_kind(each, value):
        raise unreadable(each.name)
    if not is_within(each, value):
        noun = "length" if each.kind == "text" else "value"
        size = len(value) if isinstance(value, str) else value
        bound = f"less than or equal to {each.most}" if size > each.least else f"greater than or equal to {each.least}"
        raise violation(each.name, f"Member must have {noun} {bound}", value)
    return value


def _stored(connection: sqlite3.Connection, name: str) -> tuple[Rule, float] | None:
    row = connection.execute("SELECT rule, created FROM sampling_rules WHERE name = ?", (name,)).fetchone()
    return None if row is None else (json.loads(row[0]), row[1])


def _not_found(name: str) -> ApiError:
    return ApiError(f"Sampling rule not found: {name}")
