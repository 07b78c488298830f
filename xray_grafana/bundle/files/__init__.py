"""The output folder: the only place where the program writes a bundle to a disk.

    plan_write   what a write would do, from a look at the folder
    compare      the same as differences to read: for `generate --check` and `--diff`; writes nothing
    write        the bundle into the folder, whole or not at all
    write_files  a few files on their own, for `init`

A hidden file, `.xray-grafana.json`, keeps the SHA-256 of each file the program wrote. What has that content may be replaced and removed;
everything else in the folder is somebody's work and stays until `force` says otherwise.
"""

from xray_grafana.bundle.files.compare import Differences, compare, differences
from xray_grafana.bundle.files.manifest import MANIFEST_NAME
from xray_grafana.bundle.files.plan import Plan, plan_write
from xray_grafana.bundle.files.single import write_files
from xray_grafana.bundle.files.write import Summary, write

__all__ = ["MANIFEST_NAME", "Differences", "Plan", "Summary", "compare", "differences", "plan_write", "write", "write_files"]
