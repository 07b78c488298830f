"""What was shipped is remembered, and a file that is something else is left alone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from xray_grafana.alb.checkpoint import FileCheckpoint, NoCheckpoint, Position
from xray_grafana.errors import UsageError

ROOT = Path(__file__).parents[2]
DAY_SECONDS = 86_400


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "shipped.db"


def refused(path: Path) -> str:
    """What is said of a file that cannot be used, which stays as it was."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(UsageError) as caught:
        FileCheckpoint(path, "loki")
    assert (path.read_bytes() if path.is_file() else None) == before
    assert (caught.value.where, caught.value.exit_code) == (str(path), 2)
    return caught.value.summary


def test_what_is_not_known_begins_at_its_beginning(file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint:
        assert checkpoint.position("a") == Position(0, finished=False)


def test_a_position_is_there_in_the_next_run(file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint:
        checkpoint.save("a", Position(17))
        checkpoint.save("b", Position(5_000_000_000, finished=True))
        assert checkpoint.position("a") == Position(17)

    with FileCheckpoint(file, "loki") as checkpoint:
        assert (checkpoint.position("a"), checkpoint.position("b")) == (Position(17), Position(5_000_000_000, finished=True))


def test_each_target_has_its_own_positions(file: Path) -> None:
    with FileCheckpoint(file, "loki one") as checkpoint:
        checkpoint.save("a", Position(17))
    with FileCheckpoint(file, "loki two") as checkpoint:
        assert checkpoint.position("a") == Position()
        checkpoint.save("a", Position(99))
    with FileCheckpoint(file, "loki one") as checkpoint:
        assert checkpoint.position("a") == Position(17)


def test_a_position_only_goes_forward(file: Path) -> None:
    """Of two programs with the same object each saves its own."""
    with FileCheckpoint(file, "loki") as fast, FileCheckpoint(file, "loki") as slow:
        fast.save("a", Position(90, finished=True))
        slow.save("a", Position(20))

        assert slow.position("a") == Position(90, finished=True)


def test_what_has_no_identity_is_not_remembered(file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint:
        checkpoint.save(None, Position(17))
        assert checkpoint.position(None) == Position()


def test_no_checkpoint_remembers_nothing() -> None:
    checkpoint = NoCheckpoint()
    checkpoint.save("a", Position(17, finished=True))

    assert checkpoint.position("a") == Position()


def test_what_was_written_three_months_ago_is_forgotten(file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint:
        checkpoint.save("old", Position(1, finished=True))
        checkpoint.save("young", Position(2))
    with closing(sqlite3.connect(file)) as database, database:
        for name, age_days in (("old", 91), ("young", 89)):
            values = (int(time.time()) - age_days * DAY_SECONDS, name)
            database.execute("UPDATE position SET written_seconds = ? WHERE object = ?", values)

    with FileCheckpoint(file, "loki") as checkpoint:
        assert (checkpoint.position("old"), checkpoint.position("young")) == (Position(), Position(2))


def test_a_long_run_forgets_too(file: Path) -> None:
    with FileCheckpoint(file, "loki", kept_seconds=60) as checkpoint:
        checkpoint.save("old", Position(1))
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("UPDATE position SET written_seconds = written_seconds - 61")
        assert checkpoint.position("old") == Position(1)
        for number in range(4096):
            checkpoint.save("young", Position(number))

        assert (checkpoint.position("old"), checkpoint.position("young")) == (Position(), Position(4095))


def test_what_is_to_begin_anew_does(file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint, FileCheckpoint(file, "other") as other:
        checkpoint.save("a", Position(17, finished=True))
        other.save("a", Position(18))
        checkpoint.forget("a")
        checkpoint.forget("never seen")
        checkpoint.forget(None)

        assert (checkpoint.position("a"), other.position("a")) == (Position(), Position(18))


def test_an_empty_file_becomes_one(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()

    with FileCheckpoint(tmp_path / "empty.db", "loki") as checkpoint:
        checkpoint.save("a", Position(1))
        assert checkpoint.position("a") == Position(1)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("what I must not forget\n" * 100)

    assert refused(file) == "cannot be used as a checkpoint: file is not a database"


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE visits (url TEXT)")

    assert refused(file) == "cannot be used as a checkpoint: it is a database of another program"


def test_a_database_of_another_format_is_refused(file: Path) -> None:
    FileCheckpoint(file, "loki").close()
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version = 2")

    assert refused(file) == "cannot be used as a checkpoint: it has format 2, this program writes 1"


def test_a_broken_database_is_refused(file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint:
        for number in range(1000):
            checkpoint.save(f"object {number}", Position(number))
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)

    assert refused(file).startswith("cannot be used as a checkpoint: database disk image is malformed")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == "cannot be used as a checkpoint: unable to open database file"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="its folder cannot be made: File exists"):
        FileCheckpoint(tmp_path / "file" / "shipped.db", "loki")
    with pytest.raises(UsageError, match="its folder cannot be made: Not a directory"):
        FileCheckpoint(tmp_path / "file" / "below" / "shipped.db", "loki")


def test_a_file_that_becomes_unreadable_is_told_when_it_is_used(file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint:
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("DROP TABLE position")

        with pytest.raises(UsageError, match="cannot be used as a checkpoint: no such table"):
            checkpoint.position("a")
        with pytest.raises(UsageError, match="cannot be used as a checkpoint: no such table"):
            checkpoint.save("a", Position(1))


_NOBODY = """
import os, sys
from pathlib import Path
from xray_grafana.alb.checkpoint import FileCheckpoint
from xray_grafana.errors import UsageError
os.setgroups([])
os.setuid(65534)
try:
    FileCheckpoint(Path(sys.argv[1]), "loki")
except UsageError as error:
    print(error.summary)
"""

_SHIPPER = """
import sys
from pathlib import Path
from xray_grafana.alb.checkpoint import FileCheckpoint, Position
for number in range(20):
    with FileCheckpoint(Path(sys.argv[1]), "loki") as checkpoint:
        for step in range(10):
            checkpoint.save(f"{sys.argv[2]} {number}", Position(step))
            checkpoint.save("shared", Position(int(sys.argv[2]) * 1000 + number))
            assert checkpoint.position(f"{sys.argv[2]} {number}") == Position(step)
"""


def test_a_folder_that_may_not_be_written_is_told() -> None:
    done = subprocess.run([sys.executable, "-c", _NOBODY, "/shipped.db"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout == "cannot be used as a checkpoint: unable to open database file\n"


def test_a_file_that_another_program_is_just_making_is_waited_for(file: Path) -> None:
    FileCheckpoint(file, "loki").close()
    with closing(sqlite3.connect(file)) as database:
        [(schema,)] = database.execute("SELECT sql FROM sqlite_master").fetchall()
    young = file.with_name("young.db")
    with ThreadPoolExecutor(1) as pool, closing(sqlite3.connect(young, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        opening = pool.submit(FileCheckpoint, young, "loki")
        time.sleep(0.2)
        assert not opening.done()
        database.execute(schema)
        database.execute("PRAGMA user_version = 1")
        database.execute("COMMIT")
        with opening.result() as checkpoint:
            assert checkpoint.position("a") == Position()


def test_several_programs_use_one_file_at_once_from_its_first_moment_on(file: Path) -> None:
    """They begin together, so that several find no file and make it."""
    running = [subprocess.Popen([sys.executable, "-c", _SHIPPER, str(file), str(number)], cwd=ROOT) for number in range(4)]

    assert [each.wait(60) for each in running] == [0, 0, 0, 0]
    with FileCheckpoint(file, "loki") as checkpoint:
        assert {checkpoint.position(f"{program} {number}") for program in range(4) for number in range(20)} == {Position(9)}
        assert checkpoint.position("shared") == Position(3019)
