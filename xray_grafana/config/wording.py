"""How a value or a key is shown in a message: short, on one line, without control characters, never with a credential."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from xray_grafana.config.nodes import Loc, Mapping, Node, Scalar, Sequence

_SHOWN_CHARACTERS: Final = 60
_COMPARED_CHARACTERS: Final = 60
_ESCAPES: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
# Unicode categories that a terminal does not draw, or draws in another place than they stand.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown_value(node: Node | None, *, secret: bool = False) -> str:
    """What was got: text in single quotes, other scalars as they were written; a secret's value never."""
    match node:
        case None | Scalar(kind="nothing", raw=""):
            shown = "nothing"
        case Mapping():
            shown = "a mapping"
        case Sequence():
            shown = "a list"
        case Scalar():
            shown = "a literal value" if secret else quoted(node.raw) if node.kind == "text" else visible(node.raw)
    return shown


def quoted(text: str) -> str:
    """Text in single quotes; what was cut off is said by its length."""
    length = f" ({len(text)} characters)" if len(text) > _SHOWN_CHARACTERS else ""
    return f"'{visible(text)}'{length}"


def visible(text: str, limit: int = _SHOWN_CHARACTERS) -> str:
    """Text without credentials of a URL, cut to `limit` characters, control characters as escapes."""
    bare = without_credentials(text)
    cut = bare if len(bare) <= limit else bare[:limit] + "…"
    return "".join(_escaped(character) for character in cut)


def without_credentials(text: str) -> str:
    """`http://user:password@host` as `http://***@host`; errs on the side of hiding too much."""
    before, at, host = text.rpartition("@")
    if at and ":" in before:
        scheme, separator, _ = before.partition("://")
        return f"{scheme}://***@{host}" if separator else f"***@{host}"
    scheme, separator, rest = text.partition("://")
    name, colon, port = rest.partition("/")[0].partition(":")
    if separator and colon and not name.startswith("[") and not (port.isascii() and port.isdigit()):
        return f"{scheme}://{name}:***"
    return text


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")  # noqa: PLR2004


def shown_key(loc: Loc) -> str:
    """A key path as `--set` takes it: `xray.sources.0.uid`; `top level` for the whole config."""
    return ".".join(visible(step) or "''" if isinstance(step, str) else str(step) for step in loc) if loc else "top level"


def one_of(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def all_of(names: Iterable[str]) -> str:
    """`a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def nearest(text: str, names: Iterable[str]) -> str | None:
    """The name most like the text; None when none is like it."""
    if len(text) > _COMPARED_CHARACTERS:
        return None
    return next(iter(get_close_matches(text.lower(), list(names), n=1)), None)


def offer(text: str, names: Iterable[str]) -> str | None:
    """A hint that offers the name most like the text."""
    name = nearest(text, names)
    return f"did you mean {visible(name)}?" if name else None


def unknown_key(loc: Loc, names: Collection[str]) -> tuple[str, str, str | None]:
    """Got, expected and hint for a key that its section does not have: the name meant, or else all there are."""
    hint = offer(str(loc[-1]), names)
    section = shown_key(loc[:-1]) if len(loc) > 1 else "the config"
    return "an unknown key", f"a key of {section}" if hint else one_of(names), hint
