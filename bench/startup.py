"""Start-up: `xray-grafana --help` and `--version` beside a bare interpreter of the same environment."""

import sys
from pathlib import Path

from bench.measure import alternate, table

ROUNDS = 40


def main() -> None:
    program = Path(sys.executable).with_name("xray-grafana")
    measured = alternate(
        {
            "python -c pass": [sys.executable, "-c", "pass"],
            "xray-grafana --version": [program, "--version"],
            "xray-grafana --help": [program, "--help"],
            "python -c 'import click'": [sys.executable, "-c", "import click"],
        },
        ROUNDS,
    )
    print(table(measured, "python -c pass"))


if __name__ == "__main__":
    main()
