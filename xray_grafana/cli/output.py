"""What commands print: results on stdout, the rest on stderr, colour on a terminal only, and no character that the stream cannot take."""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from contextlib import suppress
from typing import Final, Literal, TextIO

from xray_grafana.cli.main import abandon_stdout
from xray_grafana.errors import OutputError

Style = Literal["red", "green", "yellow", "cyan", "bold"]

_CODES: Final[dict[Style, int]] = {"red": 31, "green": 32, "yellow": 33, "cyan": 36, "bold": 1}
# What may stand in a note beside text that is seen: line breaks, and our own colours.
_OURS: Final = re.compile(rf"(\n|\x1b\[(?:0|{'|'.join(map(str, _CODES.values()))})m)")
_PLAIN: Final = {"—": "-", "–": "-", "…": "...", "→": "->", "“": '"', "”": '"', "‘": "'", "’": "'", "×": "x"}
_ERROR_HANDLER: Final = "xray-grafana-plain"


def prepare_streams() -> None:
    """Has both streams write what they cannot encode in plain characters, or as an escape."""
    codecs.register_error(_ERROR_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERROR_HANDLER)


def say(text: str) -> None:
    """A line of the result. Raises OutputError when it cannot be written, and BrokenPipeError when nobody reads on."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_stdout()
        raise OutputError(f"cannot be written: {error.strerror}", where="standard output") from error


def note(text: str) -> None:
    """A line beside the result, lost when nobody can be told. What would steer a terminal is written as an escape: it may quote others."""
    with suppress(OSError):
        _write(sys.stderr, shown(text))


def shown(text: str) -> str:
    """The text with nothing that steers a terminal but line breaks and our own colours."""
    if text.isprintable():
        return text
    from xray_grafana.alb.fields import printable

    return "".join(part if number % 2 else printable(part) for number, part in enumerate(_OURS.split(text)))


def styled(text: str, style: Style, stream: TextIO | None) -> str:
    """The text in colour if the stream is a terminal and nobody forbade it (https://no-color.org)."""
    if stream is None or not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def said(text: str, style: Style) -> str:
    """The text in colour for `say`."""
    return styled(text, style, sys.stdout)


def noted(text: str, style: Style) -> str:
    """The text in colour for `note`."""
    return styled(text, style, sys.stderr)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # None when the file descriptor is closed
        stream.write(f"{text}\n")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unwritable = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character) or ascii(character)[1:-1] for character in unwritable), error.end
