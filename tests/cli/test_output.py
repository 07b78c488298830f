"""What is noted may quote others: nothing of it steers the terminal but line breaks and our own colours."""

from __future__ import annotations

import pytest

from xray_grafana.cli.output import note, shown


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain — text", "plain — text"),
        ("two\n  lines", "two\n  lines"),
        ("\x1b[31merror:\x1b[0m s3://a", "\x1b[31merror:\x1b[0m s3://a"),
        ("\x1b[33m\x1b[1m\x1b[0m", "\x1b[33m\x1b[1m\x1b[0m"),
        ("\x1b[2J\x1b[7m", r"\x1b[2J\x1b[7m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\rb\tc\x08\x7f\x9b", r"a\x0db\x09c\x08\x7f\x9b"),
        ("\u202egz.gol", r"\u202egz.gol"),
    ],
)
def test_a_note_has_nothing_that_steers_the_terminal(text: str, written: str, capsys: pytest.CaptureFixture[str]) -> None:
    note(text)

    assert capsys.readouterr().err == f"{written}\n"
    assert shown(text) == written
