from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.alb.aws import ENVIRON, Aws, aws, aws_server
from xray_grafana.errors import OutputError, SourceError, UsageError
from xray_grafana.sandbox.demo.sinks import FolderSink, open_sink

__all__ = ["aws", "aws_server"]  # fixtures

FOLDER = "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/09/21"


def test_a_file_is_there_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    sink = open_sink(str(tmp_path / "logs"), "eu-west-1")
    assert isinstance(sink, FolderSink)
    assert sink.names(FOLDER) == set()
    sink.put(f"{FOLDER}/a.log.gz", b"1")
    sink.put(f"{FOLDER}/a.log.gz", b"22")
    sink.put("AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/09/22/b.log.gz", b"3")
    assert sink.names(FOLDER) == {f"{FOLDER}/a.log.gz"}
    assert [path.name for path in (tmp_path / "logs" / FOLDER).iterdir()] == ["a.log.gz"]
    assert (tmp_path / "logs" / FOLDER / "a.log.gz").read_bytes() == b"22"


def test_a_half_written_file_of_a_killed_run_does_not_count_as_there(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "a.log.gz.part").write_bytes(b"1")
    assert FolderSink(tmp_path).names(FOLDER) == set()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "AWSLogs").write_text("a file in the way")
    with pytest.raises(OutputError, match="cannot write a log object") as error:
        FolderSink(tmp_path).put(f"{FOLDER}/a.log.gz", b"1")
    assert str(tmp_path) in str(error.value)


def test_a_bucket_without_a_name_is_refused() -> None:
    with pytest.raises(UsageError, match="expected s3://bucket"):
        open_sink("s3:///prefix", "eu-west-1")


@pytest.mark.enable_socket
@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_bucket_is_made_where_it_is_missing_and_holds_objects_below_the_prefix(
    aws: Aws, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    bucket = f"{aws.bucket}-{region}"
    for _ in range(2):
        sink = open_sink(f"s3://{bucket}/alb/demo/", region)
        sink.put(f"{FOLDER}/a.log.gz", b"1")
        assert sink.names(FOLDER) == {f"{FOLDER}/a.log.gz"}
    [found] = aws.s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert found["Key"] == f"alb/demo/{FOLDER}/a.log.gz"


@pytest.mark.enable_socket
def test_a_bucket_without_a_prefix_holds_them_at_its_top(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    sink = open_sink(f"s3://{aws.bucket}", "eu-west-1")
    sink.put(f"{FOLDER}/a.log.gz", b"1")
    assert sink.names(FOLDER) == {f"{FOLDER}/a.log.gz"}
    assert aws.s3.get_object(Bucket=aws.bucket, Key=f"{FOLDER}/a.log.gz")["Body"].read() == b"1"
    assert len(aws.take()) == 1


@pytest.mark.enable_socket
def test_what_s3_refuses_is_said_with_what_was_tried(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    sink = open_sink(f"s3://{aws.bucket}", "eu-west-1")
    aws.s3.delete_bucket(Bucket=aws.bucket)
    with pytest.raises(SourceError, match="cannot write a log object to the bucket: NoSuchBucket"):
        sink.put("a.log.gz", b"1")
    with pytest.raises(SourceError, match="cannot list the bucket: NoSuchBucket"):
        sink.names(FOLDER)
    with pytest.raises(SourceError, match=r"cannot look for the bucket: .*Invalid bucket name"):
        open_sink("s3://no such name", "eu-west-1")


class _Forbidding(BaseHTTPRequestHandler):
    """Allows nothing."""

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.enable_socket
def test_a_bucket_of_somebody_else_is_no_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Forbidding) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        for name, value in ENVIRON.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        with pytest.raises(SourceError, match="cannot look for the bucket: 403") as error:
            open_sink("s3://theirs/alb", "eu-west-1")
        assert "s3://theirs/alb/" in str(error.value)
        assert "AWS_ENDPOINT_URL" in str(error.value)
        server.shutdown()
        thread.join()
