"""Names and words of others that end up in front of people: nothing in them steers a terminal or begins a line of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ProfileNotFound

from xray_grafana.alb.aws_errors import source_error
from xray_grafana.alb.events import EventError, ObjectRef, read_event
from xray_grafana.alb.fields import printable_lines
from xray_grafana.alb.function import _say
from xray_grafana.alb.sources import FileSource, S3Source, find_sources
from xray_grafana.errors import SourceError

EVIL = "logs/a\n\x1b[2Jerror: forged\x9b.gz"
SHOWN = r"logs/a\x0a\x1b[2Jerror: forged\x9b.gz"


def test_an_object_is_named_in_one_line_and_known_by_its_own_key() -> None:
    source = S3Source(None, "logs", EVIL, etag='"e"')

    assert source.name == ObjectRef("logs", EVIL).name == f"s3://logs/{SHOWN}"
    assert (source.key_name, source.identity) == (EVIL, f"s3://logs/{EVIL}@e")


def test_two_keys_of_one_shown_name_are_two_objects() -> None:
    one, other = (S3Source(None, "logs", key, etag="e") for key in (EVIL, SHOWN))

    assert one.name == other.name
    assert one.identity != other.identity


def test_a_file_is_named_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a\n\x1b[31m.log"
    file.write_bytes(b"")

    (source,) = find_sources(str(tmp_path), lambda: None)

    assert source.name == rf"{tmp_path}/a\x0a\x1b[31m.log"
    assert source.key_name == str(file)


def test_a_file_that_is_not_there_is_named_in_one_line() -> None:
    with pytest.raises(SourceError) as caught:
        FileSource(Path("/no/such\nfile"))

    assert str(caught.value) == r"/no/such\x0afile: cannot be read: No such file or directory"


def test_the_words_of_aws_are_in_one_line() -> None:
    answer = {"Error": {"Code": "No\x1b[2J", "Message": "such\nkey"}, "ResponseMetadata": {"HTTPStatusCode": 404}}

    assert source_error(ClientError(answer, "GetObject"), "read it", "", "").summary == r"cannot read it: No\x1b[2J: such\x0akey"
    assert source_error(ProfileNotFound(profile="a\nb"), "ask", "", "").summary == (
        r"cannot ask: The config profile (a\x0ab) could not be found"
    )


def test_names_in_an_event_that_is_none_are_in_one_line() -> None:
    with pytest.raises(EventError, match=r"^got a JSON object with a\\x0ab; understood is "):
        read_event({"a\nb": 1})


def test_a_text_of_lines_keeps_its_lines_and_nothing_else_that_steers() -> None:
    assert printable_lines("error\x1b[31m\r\n  hint\x07") == "error\\x1b[31m\\x0d\n  hint\\x07"


def test_the_functions_log_has_nothing_that_steers(capsys: pytest.CaptureFixture[str]) -> None:
    _say("what\x1b]0;others\x07 say\n  hint: so")

    assert capsys.readouterr().out == "what\\x1b]0;others\\x07 say\n  hint: so\n"
