"""Every place a log can be in, and every way in which it cannot be read."""

from __future__ import annotations

import gzip
import io
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.alb.aws import Aws
from tests.alb.s3_fake import BUCKET, KEY, MODIFIED_NS, NAME, Break, Refuse, S3Fake, client_of
from xray_grafana.alb.sources import FileSource, S3Source, Source, StdinSource, find_sources
from xray_grafana.errors import SourceError, UsageError

BODY = bytes(range(256)) * 12_000


def no_s3() -> Any:
    raise AssertionError("nobody asked for S3")


def found(name: str | Path, s3: Any = no_s3) -> list[Source]:
    return list(find_sources(str(name), s3))


def read(source: Source) -> bytes:
    with source.open() as raw:
        return raw.read()


# Files


def test_a_file_is_what_it_holds_with_its_size_and_time(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"some lines\n")
    os.utime(file, ns=(5, 1_789_898_712_123_456_789))

    [source] = found(file)

    assert (source.name, source.key_name, source.size_bytes, source.modified_ns) == (str(file), str(file), 11, 1_789_898_712_123_456_789)
    assert read(source) == read(source) == b"some lines\n"


def test_a_file_that_changes_is_another_and_one_that_moves_too(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"one")
    first = FileSource(file).identity
    os.utime(file, ns=(5, 5))
    second = FileSource(file).identity
    file.write_bytes(b"three")
    os.utime(file, ns=(5, 5))
    third = FileSource(file).identity
    fourth = FileSource(file.rename(tmp_path / "b.log")).identity

    assert len({first, second, third, fourth}) == 4


def test_a_file_is_the_same_by_whatever_way_one_comes_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_bytes(b"one")
    (tmp_path / "link.log").symlink_to("a.log")
    monkeypatch.chdir(tmp_path)

    assert len({FileSource(path).identity for path in (tmp_path / "a.log", Path("a.log"), Path("../", tmp_path.name, "link.log"))}) == 1


@pytest.mark.parametrize("name", [b"a\xff.log", "日本.log".encode(), b"a b?#%.log", b"a\nb.log"])
def test_a_name_may_be_anything(tmp_path: Path, name: bytes) -> None:
    """A checkpoint keeps identities as text."""
    file = tmp_path / os.fsdecode(name)
    file.write_bytes(b"x")

    [source] = found(file)

    assert (source.identity or "").isascii()
    assert read(source) == b"x"


def test_a_folder_is_the_files_in_it_and_below_it_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b/2.log", "b/1.log.gz", "a.log", "c/d/e.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "gone.log").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")

    assert [source.name.removeprefix(f"{tmp_path}/") for source in found(tmp_path)] == ["a.log", "b/1.log.gz", "b/2.log", "c/d/e.log"]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file in it"):
        found(tmp_path)


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        found(tmp_path / "none.log")

    assert str(caught.value) == f"{tmp_path}/none.log: cannot be read: No such file or directory"
    assert caught.value.permanent


def test_a_file_that_goes_away_before_it_is_read_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(b"x")
    [source] = found(file)
    file.unlink()

    with pytest.raises(SourceError, match="cannot be read: No such file or directory"):
        source.open()


_AS_NOBODY = """
import os, sys
from pathlib import Path
from xray_grafana.alb.sources import find_sources
from xray_grafana.errors import SourceError
os.setgroups([])
os.setuid(65534)
try:
    for source in find_sources(sys.argv[1], None):
        source.open()
    print("no error")
except SourceError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root need not become somebody else")
@pytest.mark.parametrize(("path", "mode"), [("logs/a.log", 0o000), ("logs/below", 0o000), ("logs", 0o000), ("logs/below", 0o444)])
def test_what_may_not_be_read_is_an_error_with_its_name(path: str, mode: int) -> None:
    """Also in a folder: what cannot be looked into is not nothing."""
    with subprocess_folder() as folder:
        (folder / "logs/below").mkdir(parents=True)
        (folder / "logs/a.log").write_bytes(b"x")
        (folder / "logs/below/b.log").write_bytes(b"x")
        (folder / path).chmod(mode)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(folder / "logs")],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    place = folder / ("logs/below/b.log" if mode else path)
    assert done.stdout == f"{place}: cannot be read: Permission denied\n"


@contextmanager
def subprocess_folder() -> Iterator[Path]:
    """A folder that everybody can come to; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_pipe_with_a_name_is_read_once_and_has_no_identity(tmp_path: Path) -> None:
    """As shells give it: `ship <(zcat …)`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"some lines\n"))
    writer.start()
    [source] = found(pipe)

    assert (source.identity, source.size_bytes) == (None, None)
    assert read(source) == b"some lines\n"
    with pytest.raises(io.UnsupportedOperation):
        source.open()
    writer.join()


# Standard input


@contextmanager
def stdin_of(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with os.fdopen(descriptor, "r") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield
    monkeypatch.undo()


def test_standard_input_is_read_once_and_counts_as_written_now(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.write(writer, gzip.compress(b"lines\n"))
    os.close(writer)
    [source] = found("-")
    assert isinstance(source, StdinSource)
    before = time.time_ns()

    with stdin_of(reader, monkeypatch):
        assert gzip.decompress(read(source)) == b"lines\n"
        with pytest.raises(io.UnsupportedOperation):
            source.open()

    assert (source.name, source.key_name, source.identity, source.size_bytes) == ("-", "", None, None)
    assert before <= source.modified_ns <= time.time_ns()


@pytest.mark.enable_socket
def test_standard_input_that_does_not_wait_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program may have left it so; nothing there yet would look like the end."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)

    def write() -> None:
        time.sleep(0.1)
        theirs.sendall(b"late")
        theirs.close()

    writer = threading.Thread(target=write)
    writer.start()
    with stdin_of(ours.detach(), monkeypatch):
        assert read(StdinSource()) == b"late"
    writer.join()


def test_standard_input_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(SourceError, match="standard input is closed"):
        StdinSource().open()


# S3


@pytest.fixture
def s3() -> Iterator[S3Fake]:
    with S3Fake(BODY) as fake:
        yield fake


def names(aws: Aws, prefix: str) -> list[str]:
    return [source.name.removeprefix(f"s3://{aws.bucket}/") for source in found(f"s3://{aws.bucket}{prefix}", lambda: aws.s3)]


def refused(source: Source) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(source)
    return caught.value


@pytest.mark.enable_socket
def test_a_prefix_is_every_object_below_it_over_many_pages(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    keys = [f"logs/{number:02}.log" for number in range(11)]
    for key in [*keys, "logs-old/1.log", "logs.log", "other/1.log", "logs/below/x.log"]:
        aws.put(key, b"x")
    assert "NextContinuationToken" in aws.s3.list_objects_v2(Bucket=aws.bucket)

    assert names(aws, "/logs/") == names(aws, "/logs") == [*keys, "logs/below/x.log"]
    assert names(aws, "") == names(aws, "/") == sorted([*keys, "logs-old/1.log", "logs.log", "other/1.log", "logs/below/x.log"])


@pytest.mark.enable_socket
def test_a_key_is_one_object_whatever_begins_like_it(aws: Aws) -> None:
    for key in ("a.log", "a.log.gz", "a.log/b", "a?b=c#d.log", "a b+ü.log"):
        aws.put(key, key.encode())

    assert names(aws, "/a.log.gz") == ["a.log.gz"]
    assert names(aws, "/a.log") == ["a.log", "a.log/b"]
    for key in ("a?b=c#d.log", "a b+ü.log"):
        [source] = found(f"s3://{aws.bucket}/{key}", lambda: aws.s3)
        assert (source.key_name, read(source)) == (key, key.encode())


@pytest.mark.enable_socket
def test_markers_of_folders_are_no_objects(aws: Aws) -> None:
    for key in ("logs/", "logs/below/", "logs/a.log"):
        aws.put(key, b"")

    assert names(aws, "/logs/") == names(aws, "/logs") == names(aws, "") == ["logs/a.log"]


@pytest.mark.enable_socket
@pytest.mark.parametrize("prefix", ["/none", "/log", "/logs/a.lo", "/logs//"])
def test_a_prefix_of_nothing_is_an_error(aws: Aws, prefix: str) -> None:
    aws.put("logs/a.log", b"x")

    with pytest.raises(SourceError) as caught:
        names(aws, prefix)

    assert str(caught.value) == f"s3://{aws.bucket}{prefix}: there is no object of that name or below it"


@pytest.mark.enable_socket
def test_a_bucket_that_is_not_there_is_an_error(aws: Aws) -> None:
    with pytest.raises(SourceError) as caught:
        found("s3://nobody-has-this/x", lambda: aws.s3)

    assert caught.value.permanent
    assert str(caught.value).startswith("s3://nobody-has-this/x: cannot read it: NoSuchBucket: ")


def test_an_address_without_a_bucket_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="no bucket is named"):
        found("s3://", lambda: None)
    with pytest.raises(UsageError, match="no bucket is named"):
        found("s3:///key", lambda: None)


@pytest.mark.enable_socket
def test_an_object_of_a_listing_is_known_without_asking_again(aws: Aws) -> None:
    aws.put("a.log", b"some lines\n")
    [source] = found(f"s3://{aws.bucket}/a.log", lambda: aws.s3)

    # What md5sum says of it.
    assert source.identity == f"s3://{aws.bucket}/a.log@736565377213aeb5e1fe3e259888ff57"
    assert source.size_bytes == 11


@pytest.mark.enable_socket
def test_a_version_of_an_object_is_that_version(aws: Aws) -> None:
    aws.s3.put_bucket_versioning(Bucket=aws.bucket, VersioningConfiguration={"Status": "Enabled"})
    version = aws.s3.put_object(Bucket=aws.bucket, Key="a.log", Body=b"old")["VersionId"]
    aws.put("a.log", b"new")

    source = S3Source(aws.s3, aws.bucket, "a.log", version_id=version)

    assert source.identity == f"s3://{aws.bucket}/a.log@{version}"
    assert read(source) == b"old"


@pytest.mark.enable_socket
def test_an_object_that_nobody_described_is_asked_for_its_etag_once(s3: S3Fake) -> None:
    source = S3Source(s3.client, BUCKET, KEY)

    assert source.identity == source.identity == f"{NAME}@{s3.etag.strip(chr(34))}"
    assert (source.size_bytes, source.modified_ns) == (len(BODY), MODIFIED_NS)
    assert s3.requests == [("HEAD", None, None)]


@pytest.mark.enable_socket
def test_an_object_is_read_whole_and_knows_its_time(s3: S3Fake) -> None:
    source = S3Source(s3.client, BUCKET, KEY, etag=s3.etag)

    assert read(source) == BODY
    assert (source.size_bytes, source.modified_ns) == (len(BODY), MODIFIED_NS)
    assert s3.requests == [("GET", None, s3.etag)]


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "breaks",
    [
        [Break(1, resets=False)],
        [Break(100_000)],
        [Break(2_000_000), Break(700_000)],
        [Break(1_048_576, resets=False), Break(1_048_576, resets=False)],
        [Break(900_000), Break(900_000), *[Break(1, resets=False)] * 5],
        [Break(300_000), Break(300_000, resets=False)] * 4,
    ],
)
def test_a_connection_that_breaks_is_taken_up_where_it_broke(s3: S3Fake, breaks: list[Break]) -> None:
    s3.script(breaks)

    assert read(S3Source(s3.client, BUCKET, KEY)) == BODY
    assert len(s3.requests) == len(breaks) + 1
    assert all(match == s3.etag and wanted is not None for _, wanted, match in s3.requests[1:])


@pytest.mark.enable_socket
def test_an_end_that_comes_early_is_noticed_by_the_size_that_the_listing_said(s3: S3Fake) -> None:
    s3.script([Break(1_000_000, resets=False, sized=False)])

    assert read(S3Source(s3.client, BUCKET, KEY, etag=s3.etag, size_bytes=len(BODY))) == BODY
    assert len(s3.requests) == 2


@pytest.mark.enable_socket
def test_a_connection_that_breaks_twice_at_one_place_is_an_error_for_now(s3: S3Fake) -> None:
    s3.script([Break(1_200_000, resets=False), Break(0, resets=False)])

    error = refused(S3Source(s3.client, BUCKET, KEY))

    assert not error.permanent
    assert str(error).startswith(f"{NAME}: the connection broke twice at byte ")


@pytest.mark.enable_socket
def test_an_object_that_is_written_anew_while_it_is_read_is_no_mixture(s3: S3Fake) -> None:
    s3.script([Break(1_200_000, resets=False)])
    with S3Source(s3.client, BUCKET, KEY).open() as raw:
        first = raw.read(1000)
        s3.body = bytes(len(BODY))
        with pytest.raises(SourceError) as caught:
            raw.read()

    assert first == BODY[:1000]
    assert caught.value.permanent
    assert caught.value.hint == "it was written anew; ship it again"


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("status", "code", "is_permanent", "hint"),
    [
        (403, "AccessDenied", False, "the role needs s3:GetObject, s3:GetObjectVersion for a version, and kms:Decrypt"),
        (404, "NoSuchKey", True, "it is gone"),
        (412, "PreconditionFailed", True, "it was written anew; ship it again"),
        (400, "InvalidRequest", True, "look at its name"),
        (503, "SlowDown", False, None),
        (500, "InternalError", False, None),
    ],
)
def test_what_s3_refuses_is_told_with_what_to_do(s3: S3Fake, status: int, code: str, is_permanent: bool, hint: str | None) -> None:  # noqa: FBT001
    s3.script([Refuse(status, code)])

    error = refused(S3Source(s3.client, BUCKET, KEY))

    assert (error.where, error.summary, error.permanent) == (NAME, f"cannot read it: {code}: No.", is_permanent)
    assert (error.hint is None) == (hint is None)
    assert (error.hint or "").startswith(hint or "")


@pytest.mark.enable_socket
def test_a_refusal_in_the_middle_is_an_error_too(s3: S3Fake) -> None:
    s3.script([Break(10), Refuse(503, "SlowDown")])

    assert not refused(S3Source(s3.client, BUCKET, KEY)).permanent


@pytest.mark.enable_socket
def test_a_refused_head_is_told_as_well(s3: S3Fake) -> None:
    s3.script([Refuse(404, "NoSuchKey")])

    with pytest.raises(SourceError, match="cannot read it: 404: Not Found") as caught:
        _ = S3Source(s3.client, BUCKET, KEY).identity

    assert caught.value.permanent


@pytest.mark.enable_socket
def test_a_listing_that_is_refused_names_the_permission_it_needs(s3: S3Fake) -> None:
    s3.script([Refuse(403, "AccessDenied")])

    with pytest.raises(SourceError) as caught:
        found(f"s3://{BUCKET}/logs", lambda: s3.client)

    assert caught.value.hint == "the role needs s3:ListBucket on the bucket"


@pytest.mark.enable_socket
def test_an_s3_that_is_not_there_is_an_error_for_now() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        other = client_of(f"http://127.0.0.1:{taken.getsockname()[1]}")
        error = refused(S3Source(other, BUCKET, KEY))
        other.close()

    assert not error.permanent
    assert "Could not connect to the endpoint" in error.summary
