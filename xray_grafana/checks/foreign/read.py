"""The documents of a text, YAML or JSON, with every value in its place: many documents, anchors, merge keys and tags.

Works on parser events with a stack of its own, as the reader of the config does and for the same reason; unlike that one it takes what
other programs take. Limits on depth and on the number of values, aliases counted in full, keep a small file from becoming a large one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import yaml

from xray_grafana.checks.foreign.source import Refused, Span, Text, template_refused
from xray_grafana.checks.foreign.tree import Entry, Mapping, Node, Scalar, Sequence
from xray_grafana.config.nodes import Place, scalar
from xray_grafana.config.syntax import syntax_problem

MAX_DEPTH: Final = 100
MAX_VALUES: Final = 500_000

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOWHERE: Final = Place("")


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One document of a text. `repeated` are keys that stand twice in their mapping; `inside` names the ConfigMap that holds it."""

    source: Text
    root: Node
    repeated: tuple[Scalar, ...]
    inside: str | None = None


class Window(NamedTuple):
    """The part of a text that is a document by itself: `content` begins at `start`, or stands for all of `whole` when quotes hide it."""

    content: str
    start: int
    whole: Span | None = None


def read_documents(text: Text, window: Window | None = None, inside: str | None = None) -> tuple[Document, ...]:
    """Every document that is not empty. Raises Refused for broken syntax, nesting without end, and too many values."""
    part = window or Window(text.parsable, 0)
    reader = _Reader(text, part, inside)
    try:
        for event in yaml.parse(part.content, Loader=_LOADER):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        problem = syntax_problem(error, part.content, text.name)
        offset = reader.offset(Text("", part.content).offset(problem.line or 1, problem.column or 1))
        if (template := part.content.find("{{")) >= 0:
            raise template_refused(reader.offset(template)) from error
        hint = f": {problem.hint}" if problem.hint else ""
        raise Refused(f"{problem.got}, expected {problem.expected}", f"mend the syntax{hint}", offset) from error
    return tuple(reader.documents)


class _Sized(NamedTuple):
    """A node, how many values it holds with aliases counted in full, and how many levels."""

    node: Node
    values: int
    depth: int


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    start: int
    anchor: str | None
    is_mapping: bool
    flow: bool
    children: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    merged: list[Node] = field(default_factory=list)
    key: Scalar | None = None
    has_key: bool = False
    values: int = 1
    depth: int = 0
    end: int = 0


class _Reader:
    def __init__(self, text: Text, window: Window, inside: str | None) -> None:
        self.documents: list[Document] = []
        self._text = text
        self._window = window
        self._inside = inside
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Sized] = {}
        self._repeated: list[Scalar] = []
        self._open_anchors = 0

    def offset(self, index: int) -> int:
        """The offset into the whole text."""
        return self._window.whole.start if self._window.whole else self._window.start + index

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        start, end = _index(event.start_mark), _index(event.end_mark)
        match event:
            case yaml.DocumentStartEvent():
                self._anchors.clear()
                self._repeated.clear()
            case yaml.AliasEvent():
                sized = self._anchors.get(event.anchor or "")
                if sized is None:
                    raise Refused(
                        "an alias (*) without its anchor (&), or inside it", "put text that begins with * in quotes", self.offset(start)
                    )
                self._complete(sized, None, end)
            case yaml.ScalarEvent():
                self._complete(_Sized(self._scalar(event, start, end), 1, 0), event.anchor, end)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(self._stack) == MAX_DEPTH:
                    raise self._too_deep(start)
                flow = bool(event.flow_style)
                self._open_anchors += event.anchor is not None
                self._stack.append(_Open(start, event.anchor, isinstance(event, yaml.MappingStartEvent), flow, end=end))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(end)

    def _scalar(self, event: yaml.ScalarEvent, start: int, end: int) -> Scalar:
        plain = bool(event.implicit[0])
        kind = scalar(event.value, _NOWHERE).kind if plain else "text"
        tagged = event.tag is not None and not event.tag.startswith("tag:yaml.org,2002:")
        style = event.style or None  # the C parser says "" for what stands without quotes
        is_own = event.anchor is None and not self._open_anchors  # whoever uses the anchor would be changed too
        mendable = is_own and self._window.whole is None and style in {None, "'", '"'} and event.tag is None
        return Scalar(self._text, self._span(start, end), event.value, kind, style, tagged, mendable)

    def _close(self, end: int) -> None:
        closed = self._stack.pop()
        self._open_anchors -= closed.anchor is not None
        span = self._span(closed.start, end if closed.flow else closed.end)
        node: Node
        if closed.is_mapping:
            for merged in closed.merged:
                for base in merged.items if isinstance(merged, Sequence) else (merged,):
                    if isinstance(base, Mapping):
                        closed.entries.update({key: entry for key, entry in base.entries.items() if key not in closed.entries})
            node = Mapping(self._text, span, closed.entries, closed.flow)
        else:
            node = Sequence(self._text, span, tuple(closed.children), closed.flow)
        self._complete(_Sized(node, closed.values, closed.depth + 1), closed.anchor, end if closed.flow else closed.end)

    def _complete(self, sized: _Sized, anchor: str | None, end: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = sized
        if not self._stack:
            if not (isinstance(sized.node, Scalar) and sized.node.is_null):
                self.documents.append(Document(self._text, sized.node, tuple(self._repeated), self._inside))
            return
        parent = self._stack[-1]
        parent.values += sized.values
        parent.depth = max(parent.depth, sized.depth)
        parent.end = max(parent.end, end)
        if parent.values > MAX_VALUES:
            raise Refused(
                f"more than {MAX_VALUES:,} values, expected fewer", "split the file; aliases (*) count in full", self.offset(parent.start)
            )
        if len(self._stack) + sized.depth > MAX_DEPTH:
            raise self._too_deep(parent.start)
        if not parent.is_mapping:
            parent.children.append(sized.node)
        elif not parent.has_key:
            parent.key, parent.has_key = self._key(sized.node), True
        else:
            self._enter(parent, sized.node)
            parent.key, parent.has_key = None, False

    def _key(self, node: Node) -> Scalar | None:
        if isinstance(node, Scalar):
            return node
        if (template := self._window.content.find("{{")) >= 0:
            raise template_refused(self.offset(template))
        return None

    def _enter(self, parent: _Open, node: Node) -> None:
        key = parent.key
        if key is None:
            return
        if key.text == "<<" and key.style is None:
            parent.merged.append(node)
            return
        if key.text in parent.entries:
            self._repeated.append(key)
        parent.entries[key.text] = Entry(key, node)

    def _too_deep(self, index: int) -> Refused:
        return Refused(f"more than {MAX_DEPTH} levels of nesting, expected fewer", "write the file with fewer levels", self.offset(index))

    def _span(self, start: int, end: int) -> Span:
        return self._window.whole or Span(self._window.start + start, self._window.start + end)


def _index(mark: Any) -> int:
    return int(mark.index)
