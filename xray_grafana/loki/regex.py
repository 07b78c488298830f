r"""Whether Loki's regular expressions compile, decided without Loki.

Loki is written in Go, whose RE2 syntax is neither a subset nor a superset of Python's: it has no lookaround, backreference, atomic
group or possessive repeat, and has `\z`, `\pL`, `[[:alpha:]]`, `\Q…\E` and flags anywhere. `re.compile` would answer another question.
The rules are those of https://github.com/google/re2/wiki/Syntax as Go's regexp/syntax reads them; one pass, no recursion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

# Go regexp/syntax: maxHeight and the largest count of {n,m}.
_DEPTH_MAX: Final = 1000
_REPEAT_MAX: Final = 1000

_GROUP: Final = re.compile(r"\((?:\?(?:P?<(?P<name>[A-Za-z0-9_]+)>|(?P<flags>[imsU]*(?:-[imsU]+)?)(?P<end>[:)])))?", re.ASCII)
_REPEAT: Final = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>0|[1-9][0-9]*+)(?:,(?P<most>0|[1-9][0-9]*+)?)?\})\??")
_ESCAPE: Final = re.compile(
    r"\\(?:[afnrtv]|[\x00-/:-@\[-`{-\x7f]|x[0-9A-Fa-f]{2}|x\{(?P<rune>[0-9A-Fa-f]{1,8})\}|0[0-7]{0,2}|[1-7][0-7]{1,2})"
)
_CLASS_ESCAPE: Final = re.compile(r"\\(?:[dDsSwW]|[pP](?:[CLMNPSZ]|\{\^?(?:[CLMNPSZ][a-z]?|[A-Z][A-Za-z_]{2,})\}))")
_POSIX: Final = re.compile(r"\[:(?P<name>\^?[A-Za-z]*+):\]")
_POSIX_NAME: Final = re.compile(r"\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit)")
_UNKNOWN_TO_RE2: Final = {
    "(?=": "no lookahead: Go has none",
    "(?!": "no lookahead: Go has none",
    "(?<=": "no lookbehind: Go has none",
    "(?<!": "no lookbehind: Go has none",
    "(?P=": "no backreference: Go has none",
    "(?>": "no atomic group: Go has none",
}


@dataclass(frozen=True, slots=True)
class Regex:
    """What a caller asks of a valid expression: whether it matches the empty text as a whole, and its named groups in order."""

    matches_empty: bool
    names: tuple[str, ...]


class RegexError(ValueError):
    """An expression that Go refuses; `offset` counts characters from 0."""

    def __init__(self, offset: int, got: str, expected: str) -> None:
        super().__init__(f"{expected}, got {got} at {offset}")
        self.offset = offset
        self.got = got
        self.expected = expected


@dataclass(slots=True)
class _Branch:
    """What was read of one group: can the finished alternatives, the parts before the last atom, and that atom be empty?"""

    start: int
    alternatives: bool = False
    before: bool = True
    last: bool = True
    repeatable: bool = False
    repeated: bool = False

    def add(self, *, empty: bool) -> None:
        self.before = self.before and self.last
        self.last = empty
        self.repeatable = True
        self.repeated = False

    def alternate(self) -> None:
        self.alternatives = self.can_be_empty()
        self.before = self.last = True
        self.repeatable = self.repeated = False

    def can_be_empty(self) -> bool:
        return self.alternatives or (self.before and self.last)


@dataclass(slots=True)
class _Scanner:
    text: str
    offset: int = 0
    names: dict[str, None] = field(default_factory=dict)
    open_groups: list[_Branch] = field(default_factory=lambda: [_Branch(0)])

    def scan(self) -> Regex:
        while self.offset < len(self.text):
            self._part(self.open_groups[-1])
        outermost = self.open_groups.pop()
        if self.open_groups:
            raise RegexError(outermost.start, "'('", "its closing )")
        return Regex(outermost.can_be_empty(), tuple(self.names))

    def _part(self, branch: _Branch) -> None:
        character = self.text[self.offset]
        if character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            branch.alternate()
            self.offset += 1
        elif repeat := _REPEAT.match(self.text, self.offset):
            self._repeat(branch, repeat)
        elif character == "[":
            self._class()
            branch.add(empty=False)
        elif character == "\\":
            self._escape(branch)
        else:
            branch.add(empty=character in "^$")
            self.offset += 1

    def _open(self) -> None:
        for prefix, expected in _UNKNOWN_TO_RE2.items():
            if self.text.startswith(prefix, self.offset):
                raise RegexError(self.offset, f"'{prefix}'", expected)
        group = _GROUP.match(self.text, self.offset)
        if group is None or (group.end() == self.offset + 1 and self.text.startswith("?", group.end())):
            raise RegexError(
                self.offset, f"'{self.text[self.offset : self.offset + 4]}'", "a group such as (…), (?:…), (?P<name>…) or (?i)"
            )
        if name := group["name"]:
            if name in self.names:
                raise RegexError(self.offset, f"a second group named {name}", "each name once")
            self.names[name] = None
        if group["end"] == ")":
            self.open_groups[-1].repeated = False
        else:
            if len(self.open_groups) > _DEPTH_MAX:
                raise RegexError(self.offset, f"{len(self.open_groups)} open groups", f"at most {_DEPTH_MAX}")
            self.open_groups.append(_Branch(self.offset))
        self.offset = group.end()

    def _close(self) -> None:
        if len(self.open_groups) == 1:
            raise RegexError(self.offset, "')'", "a ( before it, or \\)")
        closed = self.open_groups.pop()
        self.open_groups[-1].add(empty=closed.can_be_empty())
        self.offset += 1

    def _repeat(self, branch: _Branch, repeat: re.Match[str]) -> None:
        if not branch.repeatable:
            raise RegexError(self.offset, f"'{repeat[0]}'", "something to repeat before it")
        if branch.repeated:
            raise RegexError(self.offset, f"'{repeat[0]}'", "one repetition, not two in a row")
        least = int(repeat["sign"] == "+") if repeat["sign"] else _count(repeat["least"])
        most = _count(repeat["most"]) if repeat["most"] else least
        if not least <= most <= _REPEAT_MAX:
            raise RegexError(self.offset, f"'{repeat[0]}'", f"counts that rise and are at most {_REPEAT_MAX}")
        branch.last = branch.last or least == 0
        branch.repeated = True
        self.offset = repeat.end()

    def _escape(self, branch: _Branch) -> None:
        following = self.text[self.offset + 1 : self.offset + 2]
        if following == "Q":
            end = self.text.find("\\E", self.offset)
            literal = self.text[self.offset + 2 :] if end < 0 else self.text[self.offset + 2 : end]
            for _ in literal[-2:]:
                branch.add(empty=False)
            self.offset += len(literal) + (2 if end < 0 else 4)
        elif following and following in "AzbB":
            branch.add(empty=following != "b")
            self.offset += 2
        else:
            branch.add(empty=False)
            self._character_escape(with_class=True)

    def _character_escape(self, *, with_class: bool) -> bool:
        """Read an escape that stands for a character, or for a class of them where one may stand; say whether it was a class."""
        if with_class and (escape := _CLASS_ESCAPE.match(self.text, self.offset)):
            self.offset = escape.end()
            return True
        escape = _ESCAPE.match(self.text, self.offset)
        if escape is None or int(escape["rune"] or "0", 16) > 0x10FFFF:  # noqa: PLR2004 - the last code point of Unicode
            got = self.text[self.offset : self.offset + 2]
            digit = got[1:].isdigit()
            expected = "no backreference: Go has none" if digit else "an escape that Go knows, or \\\\ for a backslash"
            raise RegexError(self.offset, f"'{got}'", expected)
        self.offset = escape.end()
        return False

    def _class(self) -> None:
        start = self.offset
        self.offset += 2 if self.text.startswith("[^", start) else 1
        first = self.offset
        while not self.text.startswith("]", self.offset) or self.offset == first:
            if self.offset >= len(self.text):
                raise RegexError(start, "'['", "its closing ]")
            self._class_item()
        self.offset += 1

    def _class_item(self) -> None:
        start = self.offset
        if posix := _POSIX.match(self.text, start):
            if not _POSIX_NAME.fullmatch(posix["name"]):
                raise RegexError(start, f"'{posix[0]}'", "a class such as [:alpha:] or [:digit:]")
            self.offset = posix.end()
            return
        if self._class_character(with_class=True):
            return
        low = self.text[start : self.offset]
        if self.text.startswith("-", self.offset) and self.text[self.offset + 1 : self.offset + 2] not in {"]", ""}:
            self.offset += 1
            middle = self.offset
            self._class_character(with_class=False)
            high = self.text[middle : self.offset]
            if _code_point(low) > _code_point(high):
                raise RegexError(start, f"'{low}-{high}'", "a range that rises")

    def _class_character(self, *, with_class: bool) -> bool:
        if self.text[self.offset] == "\\":
            return self._character_escape(with_class=with_class)
        self.offset += 1
        return False


_CONTROL: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def _code_point(character: str) -> int:
    """The code point of one character of a class as it was written."""
    if len(character) == 1:
        return ord(character)
    letter, rest = character[1], character[2:]
    if letter == "x":
        return int(rest.strip("{}"), 16)
    if letter.isdigit():
        return int(letter + rest, 8)
    return _CONTROL.get(letter, ord(letter))


def _count(digits: str) -> int:
    """A repeat count; one with too many digits is cut short and still too large."""
    return int(digits[:9])


def parse_regex(pattern: str) -> Regex:
    """Read an expression as Go would. Raises RegexError."""
    return _Scanner(pattern).scan()
