"""What the sandbox's database holds: one text of DDL, the mark that tells the file is ours, and its version.

The rollups' tables are described beside the code that fills them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final

from xray_grafana.sandbox.store.rollups import ROLLUP_SCHEMA

# "XrSb" in SQLite's `application_id`: tells our files from every other program's.
APPLICATION_ID: Final = 0x58725362
# In SQLite's `user_version`. A file of a later version is refused.
VERSION: Final = 1

# segments  `document` is the JSON text as it came; `received` the time of receipt
# traces    `received` is the receipt of the newest update, `revision` counts updates, `dirty` is 1 until the facts are derived from all;
#           `counted` is the receipt time under which rollups count these facts (NULL: not counted); `groups` is the JSON list of the
#           ARNs of the groups the trace belonged to when it was derived; outcome and status are the root's; what is derived is NULL until
#           then. The index by `root_start` goes on with `start`, by which traces without a root are looked for
# groups    Default is among them once its insights were switched; it has no filter
SCHEMA: Final = f"""
CREATE TABLE segments (
    trace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    in_progress INTEGER NOT NULL,
    received REAL NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (trace_id, id)
);
CREATE TABLE traces (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    received REAL NOT NULL,
    revision INTEGER NOT NULL,
    dirty INTEGER NOT NULL,
    start REAL,
    finish REAL,
    root_start REAL,
    duration REAL,
    response REAL,
    status INTEGER,
    fault INTEGER,
    error INTEGER,
    throttle INTEGER,
    ok INTEGER,
    partial INTEGER,
    counted REAL,
    groups TEXT,
    facts TEXT
);
CREATE INDEX traces_root_start ON traces (root_start, start);
CREATE INDEX traces_received ON traces (received);
CREATE INDEX traces_dirty ON traces (received) WHERE dirty = 1;
CREATE TABLE groups (
    name TEXT PRIMARY KEY,
    arn TEXT NOT NULL,
    filter TEXT,
    insights INTEGER NOT NULL,
    notifications INTEGER NOT NULL,
    changed REAL NOT NULL
);
CREATE TABLE tags (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
);
CREATE TABLE sampling_rules (
    name TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    created REAL NOT NULL,
    modified REAL NOT NULL
);
{ROLLUP_SCHEMA}
"""

_COLUMNS: Final = (
    "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
)


def columns_made() -> set[tuple[str, str]]:
    """Table and column of all that a new database has."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        return columns_of(connection)


def columns_of(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Table and column of all that a database has."""
    return set(connection.execute(_COLUMNS))
