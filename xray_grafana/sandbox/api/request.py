"""Members of a request, read and held against their limits. What does not hold is refused in the words of the framework before X-Ray."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from xray_grafana.contract import XRAY_RANGE_MAX_HOURS
from xray_grafana.sandbox.api.errors import ApiError, validation_error

_LATEST: Final = 253_402_300_800.0  # the year 10000
_DIGITS: Final = 18  # a `Long` of the service model; Python itself reads no number of some thousand


class TimeRange(NamedTuple):
    """Seconds since 1970; the end is not before the start."""

    start: float
    end: float


def time_range(request: Mapping[str, Any], longest_hours: int | None = XRAY_RANGE_MAX_HOURS) -> TimeRange:
    """`StartTime` and `EndTime`. Both are needed; ApiError when they are reversed or, in X-Ray's words, too far apart."""
    found = TimeRange(moment(request, "StartTime"), moment(request, "EndTime"))
    if found.end < found.start:
        raise ApiError("End time cannot be earlier than start time")
    if longest_hours is not None and found.end - found.start > longest_hours * 3600:
        raise ApiError(f"Time range cannot be longer than {longest_hours} hours")
    return found


def moment(request: Mapping[str, Any], name: str) -> float:
    """A time that is needed, as seconds since 1970: a number in a body, a number or ISO 8601 in a query string."""
    value = request.get(name)
    if value is None:
        raise missing(name)
    try:
        seconds = _seconds(value)
    except (TypeError, ValueError, OverflowError):
        raise unreadable(name) from None
    if not 0 <= seconds < _LATEST:
        raise unreadable(name)
    return seconds


def text(request: Mapping[str, Any], name: str, *, longest: int | None = None) -> str | None:
    """A text of at least one character; None when it is absent."""
    value = request.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise unreadable(name)
    if not value:
        raise violation(name, "Member must have length greater than or equal to 1", value)
    if longest is not None and len(value) > longest:
        raise violation(name, f"Member must have length less than or equal to {longest}", value)
    return value


def needed_text(request: Mapping[str, Any], name: str, *, longest: int | None = None) -> str:
    """A text that must be there."""
    value = text(request, name, longest=longest)
    if value is None:
        raise missing(name)
    return value


def whole(request: Mapping[str, Any], name: str, *, least: int, most: int) -> int | None:
    """A whole number between two others, also as digits of a query string; None when it is absent."""
    value = request.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise unreadable(name)
    if value < least:
        raise violation(name, f"Member must have value greater than or equal to {least}", value)
    if value > most:
        raise violation(name, f"Member must have value less than or equal to {most}", value)
    return value


def texts(request: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts that must be there; it may be empty."""
    value = request.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise unreadable(name)
    return value


def refuse_token(request: Mapping[str, Any]) -> None:
    """For the calls that X-Ray answers whole: ApiError when a NextToken comes along."""
    if request.get("NextToken") is not None:
        raise ApiError("NextToken is currently not supported")


def member(name: str) -> str:
    """`StartTime` as the framework writes it: `startTime`."""
    return name[:1].lower() + name[1:]


def missing(name: str) -> ApiError:
    """For a member that must be there. Members of members are named by their path, as in `tags.1.member.key`."""
    return validation_error(f"Value null at '{member(name)}' failed to satisfy constraint: Member must not be null")


def violation(name: str, constraint: str, value: object = None) -> ApiError:
    """For a member outside of the limits that the service model gives it. `value` is left out where nobody could read it."""
    shown = "" if value is None else f" '{value}'"
    return validation_error(f"Value{shown} at '{member(name)}' failed to satisfy constraint: {constraint}")


def unreadable(name: str) -> ApiError:
    """For a member of another type than the model's; restJson services of AWS call this SerializationException."""
    return ApiError(f"{member(name)} is not of the type that the service model gives it", name="SerializationException", framework=True)


def _seconds(value: object) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            parsed = datetime.fromisoformat(value)
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)
