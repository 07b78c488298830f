"""Runs writes in processes of their own and does something to each at one point: `python -m tests.bundle.files.saboteur WHAT FOLDER`.

A point is a call by which Python asks the system about, or changes, something in the output folder: an audit hook sees each one before it
is made. The folder gets `<number>/out` for every point, first holding OLD, then whatever the disturbed write of NEW left behind; standard
output gets one line of JSON for each: what the write said, and how the process ended.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bundle.files.folders import put
from xray_grafana.bundle.files import write
from xray_grafana.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = {
    "RUNBOOK.md": b"old runbook\n",
    "boards/a.json": b"old a" * 500,
    "boards/b.json": b"old b",
    "boards/same.json": b"same",
    "gone/deep/x.json": b"old x",
    "gone/y.json": b"old y",
}
NEW = {
    "RUNBOOK.md": b"new runbook\n",
    "boards/a.json": b"new a" * 900,
    "boards/b.json": b"new b",
    "boards/same.json": b"same",
    "fresh/deep/z.json": b"new z",
}
FOREIGN = {"boards/mine.json": b"mine", "boards/a.dashboard.py": b"source", "stranger.txt": b"stranger"}


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _refuse() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


DEEDS: dict[str, Callable[[], None]] = {
    "kill": _kill,
    "interrupt": _interrupt,
    "terminate": _terminate,
    "refuse": _refuse,
    "refuse-from-here": _refuse,
}


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    point = 0
    reached = True
    while reached:
        point += 1
        out = folder / str(point) / "out"
        write(OLD, out)
        put(out, FOREIGN)
        reached, report = _in_child(lambda out=out, point=point: _disturbed_write(out, what, point))  # type: ignore[misc]
        print(json.dumps({"point": point, "reached": reached, **report}))  # noqa: T201 — the result of this program


def _in_child(action: Callable[[], bool]) -> tuple[bool, dict[str, Any]]:
    """Runs an action in a fork. True when it says so, or when it did not live or get to say anything."""
    with tempfile.TemporaryFile("w+") as answer:
        if (child := os.fork()) == 0:
            json.dump(_attempt(action), answer)
            answer.flush()
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answer.seek(0)
        reached, said = json.loads(answer.read() or "[true, null]")
    return bool(reached), {"said": said, "status": status}


def _attempt(action: Callable[[], bool]) -> tuple[bool, str]:
    try:
        return action(), "done"
    except OutputError as error:
        return True, str(error)
    except KeyboardInterrupt:
        return True, "interrupted"
    except BaseException as error:  # noqa: BLE001 — shown to the test
        return True, repr(error)


def _disturbed_write(out: Path, what: str, point: int) -> bool:
    """Whether the write came to the point."""
    calls = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal calls
        if event.startswith(("open", "os.")) and any(
            isinstance(argument, str | Path) and str(argument).startswith(str(out)) for argument in arguments
        ):
            calls += 1
            if calls == point or (what == "refuse-from-here" and calls > point):
                DEEDS[what]()

    sys.addaudithook(hook)
    write(NEW, out)
    return calls >= point


if __name__ == "__main__":
    main()
