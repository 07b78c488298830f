"""How a span went: the flags of a segment document, and its block `cause` with the exceptions that the span's events tell of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Any, Final, TypeAlias

from xray_grafana.sandbox.otlp.http import STATUS
from xray_grafana.sandbox.otlp.values import Event, Kind, OtlpSpan, number_of, text_of

# Semantic conventions, "Exceptions".
_EXCEPTION: Final = "exception"
_FRAMES_MAX: Final = 100
_CHAIN_MAX: Final = 10
_LINE_MAX: Final = 1_000
_DIGITS_MAX: Final = 9
_ERRORS: Final = range(400, 500)
_FAULTS: Final = range(500, 600)
_THROTTLED: Final = 429
_JAVA_LINK: Final = "Caused by: "
_PYTHON_LINKS: Final = ("During handling of the above exception", "The above exception was the direct cause")

Frame: TypeAlias = dict[str, str | int]
# One exception of a stack trace: the line that names it, and the lines of its frames.
_Section: TypeAlias = tuple[str, list[str]]


def derived_id(span: OtlpSpan, part: str) -> str:
    """Sixteen hex digits for what has no id of its own, the same whenever the span is sent again."""
    return hashlib.sha256(f"{span.trace_id}/{span.id}/{part}".encode()).hexdigest()[:16]


def flags_of(span: OtlpSpan) -> dict[str, bool]:
    """fault, error and throttle by the HTTP status; where that says nothing bad, a failed span is a fault."""
    status = number_of(span.attributes, *STATUS) or 0
    error = status in _ERRORS
    return {"fault": status in _FAULTS or (span.failed and not error), "error": error, "throttle": status == _THROTTLED}


def cause_of(span: OtlpSpan) -> dict[str, Any] | None:
    """The exceptions that were recorded; for a failed span without any, the message of its status as one."""
    events = [event for event in span.events if event.name == _EXCEPTION]
    exceptions = [each for number, event in enumerate(events) for each in _exceptions(span, event, number)]
    if not exceptions and span.failed:
        message = span.message or text_of(span.attributes, "http.status_text")
        exceptions = [{"id": derived_id(span, "status"), "message": message}] if message else []
    return {"exceptions": exceptions} if exceptions else None


def _exceptions(span: OtlpSpan, event: Event, number: int) -> Iterator[dict[str, Any]]:
    """The exception of an event, then those that led to it; each names the one behind it as its cause."""
    language = text_of(span.resource, "telemetry.sdk.language") or ""
    trace = text_of(event.attributes, "exception.stacktrace") or ""
    lines = [line for line in trace.splitlines() if len(line) <= _LINE_MAX]
    chain = list(islice(_CHAINS.get(language, _alone)(lines), _CHAIN_MAX))
    ids = [derived_id(span, f"exception {number} {depth}") for depth in range(len(chain))]
    own = text_of(event.attributes, "exception.type"), text_of(event.attributes, "exception.message")
    for depth, (head, section) in enumerate(chain):
        kind, message = own if depth == 0 else _type_and_message(head)
        stack = list(islice(_FRAMES[language](section), _FRAMES_MAX)) if language in _FRAMES else []
        members: dict[str, Any] = {
            "type": kind,
            "message": message,
            "stack": stack,
            "cause": ids[depth + 1] if depth + 1 < len(ids) else None,
        }
        yield {
            "id": ids[depth],
            "remote": span.kind in {Kind.CLIENT, Kind.PRODUCER},
            **{key: value for key, value in members.items() if value},
        }


def _type_and_message(line: str) -> tuple[str, str]:
    kind, _, message = line.partition(": ")
    return kind, message


def _alone(lines: list[str]) -> Iterator[_Section]:
    yield "", lines


def _java_chain(lines: list[str]) -> Iterator[_Section]:
    """What was raised first stands last, below `Caused by: TYPE: MESSAGE`."""
    head, section = "", list[str]()
    for line in lines:
        if line.startswith(_JAVA_LINK):
            yield head, section
            head, section = line.removeprefix(_JAVA_LINK), []
        else:
            section.append(line)
    yield head, section


def _python_chain(lines: list[str]) -> Iterator[_Section]:
    """What was raised first stands first, each with `TYPE: MESSAGE` below its frames."""
    sections: list[list[str]] = [[]]
    for line in lines:
        if line.startswith(_PYTHON_LINKS):
            sections.append([])
        else:
            sections[-1].append(line)
    for section in reversed(sections):
        yield next((line for line in reversed(section) if line[:1].strip()), ""), section


def _python(lines: list[str]) -> Iterator[Frame]:
    """`  File "PATH", line N, in LABEL`, the innermost last."""
    for line in reversed(lines):
        if line.startswith('  File "'):
            path, _, place = line.removeprefix('  File "').partition('", line ')
            number, _, label = place.partition(", in ")
            yield _frame(path, number, label)


def _java(lines: list[str]) -> Iterator[Frame]:
    r"""`\tat LOADER/LABEL(PATH:N)`."""
    for line in lines:
        if line.startswith("\tat ") and line.endswith(")"):
            label, _, place = line[:-1].removeprefix("\tat ").partition("(")
            path, _, number = place.partition(":")
            yield _frame(path, number, label.rpartition("/")[2])


def _javascript(lines: list[str]) -> Iterator[Frame]:
    """`    at LABEL (PATH:N:COLUMN)` or `    at PATH:N:COLUMN`, as V8 writes them."""
    for line in lines:
        if line.startswith("    at "):
            text = line.strip().removeprefix("at ")
            label, _, place = text[:-1].rpartition(" (") if text.endswith(")") else ("", "", text)
            path, number, *_ = (*place.rsplit(":", 2), "")
            yield _frame(path, number, label)


def _dotnet(lines: list[str]) -> Iterator[Frame]:
    """`   at LABEL in PATH:line N`; the place is left out where there are no symbols."""
    for line in lines:
        if line.strip().startswith("at "):
            label, _, place = line.strip().removeprefix("at ").partition(" in ")
            path, _, number = place.rpartition(":line ")
            yield _frame(path, number, label)


def _go(lines: list[str]) -> Iterator[Frame]:
    r"""A line `LABEL(…)`, and below it `\tPATH:N +0x…`."""
    for label, place in pairwise(lines):
        if place.startswith("\t"):
            path, _, number = place.strip().partition(" ")[0].rpartition(":")
            yield _frame(path, number, label)


_CHAINS: Final[dict[str, Callable[[list[str]], Iterator[_Section]]]] = {"java": _java_chain, "php": _java_chain, "python": _python_chain}
# The innermost frame comes first, as X-Ray has them. A line of no known form is left out.
_FRAMES: Final[dict[str, Callable[[list[str]], Iterator[Frame]]]] = {
    "dotnet": _dotnet,
    "go": _go,
    "java": _java,
    "javascript": _javascript,
    "nodejs": _javascript,
    "php": _java,
    "python": _python,
    "webjs": _javascript,
}


def _frame(path: str, number: str, label: str) -> Frame:
    line = int(number) if number.isascii() and number.isdecimal() and len(number) <= _DIGITS_MAX else 0
    return {"path": path, "line": line, "label": label}
