"""`python -m xray_grafana`."""

import sys

from xray_grafana.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
