from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from xray_grafana.errors import OutputError
from xray_grafana.sandbox.store.schema import APPLICATION_ID, VERSION
from xray_grafana.sandbox.store.store import Store
from xray_grafana.sandbox.store.turns import Turns

TAG = "INSERT INTO tags (arn, key, value) VALUES (?, 'k', 'v')"


@pytest.fixture(params=["memory", "file"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "sandbox.db" if request.param == "file" else None


@pytest.fixture
def store(path: Path | None) -> Iterator[Store]:
    with closing(Store.open(path)) as opened:
        yield opened


def put(store: Store, *arns: str) -> None:
    with store.writing() as connection:
        connection.executemany(TAG, [(arn,) for arn in arns])


def arns(store: Store) -> list[str]:
    with store.reading() as connection:
        return [arn for (arn,) in connection.execute("SELECT arn FROM tags ORDER BY arn")]


def refusal(path: Path) -> str:
    with pytest.raises(OutputError) as raised:
        Store.open(path)
    return str(raised.value)


def refused_untouched(path: Path) -> str:
    before = path.read_bytes()
    text = refusal(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    return text


def made(path: Path) -> Path:
    Store.open(path).close()
    return path


def test_what_is_written_can_be_read(store: Store) -> None:
    put(store, "a", "b")
    assert arns(store) == ["a", "b"]


def test_an_error_takes_back_what_was_written(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        put(store, "a", "b", "a")
    assert arns(store) == []
    put(store, "b")
    assert arns(store) == ["b"]


def test_a_mistake_in_sql_stays_what_it_is(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), store.writing() as connection:
        connection.execute("SELECT * FROM nowhere")


def test_readers_cannot_write(store: Store) -> None:
    with pytest.raises(OutputError, match="cannot be written"), store.reading() as connection:
        connection.execute(TAG, ("a",))
    assert arns(store) == []


def test_reading_and_writing_within_each_other_is_a_mistake_that_is_told(store: Store) -> None:
    with store.reading(), pytest.raises(RuntimeError, match="already"), store.writing():
        pass
    with store.writing(), pytest.raises(RuntimeError, match="already"), store.reading():
        pass
    put(store, "a")
    assert arns(store) == ["a"]


def test_a_closed_store_says_so(store: Store) -> None:
    arns(store)
    store.close()
    store.close()
    with pytest.raises(OutputError, match="closed"):
        arns(store)
    with pytest.raises(OutputError, match="closed"):
        put(store, "a")


def test_many_threads_read_and_write(store: Store) -> None:
    def work(number: int) -> None:
        for each in range(20):
            put(store, f"{number}-{each}")
            assert f"{number}-{each}" in arns(store)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(arns(store)) == 80


def test_two_memory_stores_have_nothing_in_common() -> None:
    with closing(Store.open(None)) as one, closing(Store.open(None)) as other:
        put(one, "a")
        assert arns(other) == []


def test_a_file_is_read_as_it_was_while_it_is_written(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path / "x.db")) as store:
        seen: list[list[str]] = []
        with store.writing() as connection:
            connection.execute(TAG, ("a",))
            reader = threading.Thread(target=lambda: seen.append(arns(store)))
            reader.start()
            reader.join()
        assert seen == [[]]
        assert arns(store) == ["a"]


def test_a_reader_keeps_its_state_of_the_file(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path / "x.db")) as store, store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM tags").fetchone() == (0,)
        writer = threading.Thread(target=put, args=(store, "a"))
        writer.start()
        writer.join()
        assert connection.execute("SELECT count(*) FROM tags").fetchone() == (0,)


def test_a_reader_may_end_after_the_store_was_closed(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "x.db")
    with store.reading() as connection:
        store.close()
        assert connection.execute("SELECT count(*) FROM tags").fetchone() == (0,)
    Store.open(tmp_path / "x.db").close()


def test_a_file_is_there_after_closing_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(Store.open(path)) as store:
        put(store, "a")
    assert list(tmp_path.iterdir()) == [path]
    with closing(Store.open(path)) as store:
        assert arns(store) == ["a"]


def test_a_new_file_carries_our_mark_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_file_is_taken_as_new(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    with closing(Store.open(tmp_path / "x.db")) as store:
        put(store, "a")
        assert arns(store) == ["a"]


def test_a_file_that_another_sandbox_has_is_refused_until_that_one_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    code = (
        "import sys; from pathlib import Path; from xray_grafana.sandbox.store.store import Store; "
        "s = Store.open(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read(); s.close()"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        assert refusal(path) == (
            f"{path}: another sandbox is using this database\n  hint: end that one (`fuser {path}` shows its process), or name another file"
        )
        process.stdin.close()
        process.wait()
    Store.open(path).close()


def test_a_file_that_another_program_holds_locked_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        text = refusal(path)
    assert text.startswith(f"{path}: another program holds the database locked")
    assert f"`fuser {path}`" in text


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Milk, bread, cheese.\n" * 10)
    assert refused_untouched(path) == f"{path}: is no SQLite database\n  hint: name another file; this one stays as it is"


def test_a_file_too_short_for_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"SQLite format 3\0")
    assert "is no SQLite database" in refused_untouched(path)


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE places (name)")
        connection.commit()
    assert "is a database of another program" in refused_untouched(path)


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    assert f"written by a later version of this program (format {VERSION + 1}, this one reads {VERSION})" in refused_untouched(path)


def test_a_truncated_database_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "x.db")
    path.write_bytes(path.read_bytes()[: 2 * 4096])
    assert "the database is damaged" in refused_untouched(path)


def test_a_database_with_overwritten_pages_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(Store.open(path)) as store:
        put(store, *(f"{number:0100}" for number in range(2_000)))
    content = bytearray(path.read_bytes())
    content[-8 * 4096 :] = os.urandom(8 * 4096)
    path.write_bytes(content)
    assert "the database is damaged" in refused_untouched(path)


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ("DROP TABLE segments", "segments.document"),
        ("DROP TABLE groups", "groups.arn"),
        ("DROP TABLE rollups", "rollups.bins"),
        ("ALTER TABLE traces DROP COLUMN facts", "traces.facts"),
    ],
)
def test_a_database_of_ours_that_lacks_something_is_refused(tmp_path: Path, change: str, lacking: str) -> None:
    path = made(tmp_path / "x.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()
    text = f"{path}: the database is damaged: it has no {lacking}\n  hint: move the file away, or name another one"
    assert refused_untouched(path) == text


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened: Is a directory" in refusal(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "x.db"
    assert refusal(path) == f"{path}: cannot be opened: No such file or directory\n  hint: its folder must be there and writable"


def test_a_refused_file_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"x" * 200)
    refusal(path)
    path.unlink()
    Store.open(path).close()


def test_a_full_disk_is_told_and_the_store_goes_on(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path / "x.db")) as store:
        with store.writing() as connection:
            connection.execute("PRAGMA max_page_count = 40")
        with pytest.raises(OutputError, match="the disk is full"):
            put(store, *(f"{number:0100}" for number in range(5_000)))
        assert arns(store) == []
        put(store, "a")
        assert arns(store) == ["a"]


def test_turns_are_given_in_the_order_of_asking() -> None:
    turns = Turns()
    served: list[int] = []

    def ask(number: int) -> None:
        asked[number].set()
        with turns:
            served.append(number)

    asked = [threading.Event() for _ in range(5)]
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
    with turns:
        for number, thread in enumerate(threads):
            thread.start()
            asked[number].wait()
            while turns.waiting <= number:
                pass
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]
    with turns:
        pass


def test_traces_without_a_root_are_found_by_their_start_and_the_others_are_not_looked_at() -> None:
    """Of a million of them a search would otherwise read each for every page."""
    query = "SELECT start FROM traces WHERE root_start IS NULL AND start >= 1 AND start <= 2 ORDER BY start DESC, number DESC LIMIT 9"
    with closing(Store.open(None)) as store, store.reading() as connection:
        ((*_, plan),) = connection.execute(f"EXPLAIN QUERY PLAN {query}")
    assert plan == "SEARCH traces USING COVERING INDEX traces_root_start (root_start=? AND start>? AND start<?)"


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/null")):
        with pytest.raises(OutputError, match="is no file but a pipe, a device or the like") as caught:
            Store.open(path)
        assert caught.value.where == str(path)
