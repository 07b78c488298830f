"""What shipping costs in AWS Lambda: lines and gigabytes for each second and each dollar, from what one core of this machine does.

Inputs, each with its source
    lines for each CPU second   measured here: 2,000,000 lines by `alb ship`, start-up and pushes included
    vCPU of a function          its memory / 1769 MB (Lambda developer guide, "Configure Lambda function memory")
    price of a second           0.0000166667 USD for each GB-second, x86, us-east-1, first tier (AWS Lambda pricing, 2026-11)
    price of a request          0.20 USD for a million
    objects for each request    1, the worst case: ten messages can come at once
Not in it: the network to Loki, S3's GETs (0.0004 USD for a thousand) and SQS (0.40 USD for a million). Lambda's cores are others.
"""

from __future__ import annotations

from bench.alb_lines import log_object
from bench.alb_ship import MANY, shipped
from bench.null_loki import null_loki
from xray_grafana.alb.inflate import inflate

MEMORY_MB = (512, 1024, 1769)
MB_FOR_A_VCPU = 1769
GB_SECOND_DOLLARS = 0.0000166667
REQUEST_DOLLARS = 0.20 / 1_000_000
OBJECT_LINES = 20_000


def main() -> None:
    path = log_object(MANY)
    size = sum(map(len, inflate(lambda: path.open("rb"))))
    with null_loki() as url:
        _, cpu_seconds = min(shipped(url, [path]) for _ in range(3))
    lines_per_cpu_second = MANY / cpu_seconds
    print(f"{lines_per_cpu_second:,.0f} lines for each CPU second, {size / MANY:.0f} bytes a line; objects of {OBJECT_LINES:,} lines")
    print(f"{'memory':>8} {'lines/s':>9} {'GB/s':>6} {'lines/USD':>16} {'GB/USD':>8} {'USD/million lines':>18}")
    for memory in MEMORY_MB:
        lines = lines_per_cpu_second * min(1.0, memory / MB_FOR_A_VCPU)
        dollars = memory / 1024 * GB_SECOND_DOLLARS + lines / OBJECT_LINES * REQUEST_DOLLARS
        gigabytes = lines * size / MANY / 1e9
        print(
            f"{memory:>5} MB {lines:>9,.0f} {gigabytes:>6.2f} {lines / dollars:>16,.0f} {gigabytes / dollars:>8,.0f} "
            f"{dollars / lines * 1e6:>18.6f}"
        )


if __name__ == "__main__":
    main()
