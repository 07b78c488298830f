"""A sampling rule: its members by AWS's names, what each may hold, and how AWS answers with it.

Limits: botocore service model of xray, shape SamplingRule; X-Ray Developer Guide, "Configuring sampling rules".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Rule: TypeAlias = dict[str, Any]

DEFAULT_RULE: Final = "Default"
MAX_RULES: Final = 25  # General Reference, "X-Ray endpoints and quotas"; Default is not counted
LARGEST_INTEGER: Final = (1 << 31) - 1  # of the service model
_MAX_ATTRIBUTES: Final = 5
_LONGEST_ATTRIBUTE: Final = 32


class Member(NamedTuple):
    """One member. Texts are bounded in length, numbers in value; `absent` is what a file need not say, None where it must."""

    name: str
    kind: Literal["text", "whole number", "number"]
    least: int
    most: int
    absent: str | int | None


NAME_MEMBER: Final = Member("RuleName", "text", 1, 32, None)
# All but the name, which says which rule it is: what can be set, and changed later.
SETTING_MEMBERS: Final = (
    Member("ResourceARN", "text", 0, 500, "*"),
    Member("Priority", "whole number", 1, 9999, None),
    Member("FixedRate", "number", 0, 1, None),
    Member("ReservoirSize", "whole number", 0, LARGEST_INTEGER, 0),
    Member("ServiceName", "text", 0, 64, "*"),
    Member("ServiceType", "text", 0, 64, "*"),
    Member("Host", "text", 0, 64, "*"),
    Member("HTTPMethod", "text", 0, 10, "*"),
    Member("URLPath", "text", 0, 128, "*"),
    Member("Version", "whole number", 1, 1, 1),
)
MEMBERS: Final = (NAME_MEMBER, *SETTING_MEMBERS)
# X-Ray Developer Guide, "Configuring sampling rules": what of Default can be changed.
CHANGEABLE_OF_DEFAULT: Final = ("FixedRate", "ReservoirSize")
BOOST_MEMBERS: Final = (
    Member("MaxRate", "number", 0, 1, None),
    Member("CooldownWindowMinutes", "whole number", 0, LARGEST_INTEGER, None),
)
ATTRIBUTES: Final = "Attributes"
RULE_ARN: Final = "RuleARN"
BOOST: Final = "SamplingRateBoost"
NAMES: Final = (*(member.name for member in MEMBERS), ATTRIBUTES)


def is_of_kind(member: Member, value: object) -> bool:
    """Whether the value is of the member's type, whatever its size."""
    if member.kind == "text":
        return isinstance(value, str)
    return isinstance(value, int if member.kind == "whole number" else int | float) and not isinstance(value, bool)


def is_within(member: Member, value: Any) -> bool:
    """Whether a value of the member's type keeps its bounds."""
    size = len(value) if isinstance(value, str) else value
    return bool(member.least <= size <= member.most)


def expected(member: Member) -> str:
    """What the member takes, in words."""
    if member.kind == "text":
        return f"text of {member.least or 'at most'}{' to' if member.least else ''} {member.most} characters"
    if member.least == member.most:
        return str(member.least)
    return f"a {member.kind} from {member.least} to {member.most}"


def are_attributes(value: object) -> bool:
    """Whether it is a mapping of at most 5 short texts to short texts."""
    return (
        isinstance(value, Mapping)
        and len(value) <= _MAX_ATTRIBUTES
        and all(isinstance(each, str) and len(each) <= _LONGEST_ATTRIBUTE for pair in value.items() for each in pair)
    )


def default_rule() -> Rule:
    """The rule that is always there and comes last. X-Ray's has the rate 0.05; for development all is sampled."""
    absent = {member.name: member.absent for member in MEMBERS}
    named = {"RuleName": DEFAULT_RULE, "Priority": 10_000, "FixedRate": 1.0, "ReservoirSize": 1}
    return {**absent, **named, ATTRIBUTES: {}}


def arn(name: str, region: str, account: str) -> str:
    """The rule's ARN."""
    return f"arn:aws:xray:{region}:{account}:sampling-rule/{name}"
