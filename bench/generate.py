"""`generate` of the example, the whole process, beside grafanalib's own `generate-dashboards` over the same boards."""

import shutil
import sys
import tempfile
from pathlib import Path

from bench.measure import alternate, table

ROUNDS = 15
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        shutil.copy(ROOT / "bundle.yaml", work)
        shutil.copytree(ROOT / "dashboards", work / "dashboards", ignore=shutil.ignore_patterns("*.json"))
        definitions = sorted((work / "dashboards").glob("*.dashboard.py"))
        measured = alternate(
            {
                "generate-dashboards (grafanalib)": [programs / "generate-dashboards", *definitions],
                "xray-grafana generate (whole bundle)": [programs / "xray-grafana", "generate", "-o", work / "out", "--force"],
                "xray-grafana generate dashboards": [programs / "xray-grafana", "generate", "-o", work / "boards", "--force", "dashboards"],
                "xray-grafana generate --check": [programs / "xray-grafana", "generate", "-o", work / "out", "--check"],
            },
            ROUNDS,
            cwd=work,
        )
    print(f"{len(definitions)} boards, median of {ROUNDS}")
    print(table(measured, "generate-dashboards (grafanalib)"))


if __name__ == "__main__":
    main()
