"""How time and size grow with services and regions, and where files meet the limits of Kubernetes.

A ConfigMap holds 1 MiB; what `kubectl apply` writes into an annotation may be 262,144 bytes. Each service runs in one region; the last
line is the config's default, every service in every region.
"""

import itertools
import time

from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.render import render
from xray_grafana.checks import check_bundle
from xray_grafana.config import Config, parse_config

CONFIG_MAP_BYTES = 1_048_576
APPLY_BYTES = 262_144
SIZES = ((25, 1, 1), (50, 2, 1), (100, 4, 1), (250, 10, 1), (500, 20, 1), (100, 20, 20))


def config(services: int, regions: int, each: int) -> Config:
    """A config in which each service runs in so many of the regions."""
    sources = "\n".join(f"    - {{uid: xray-{number}, name: X-Ray {number}, region: eu-west-{number + 1}}}" for number in range(regions))

    def places(number: int) -> str:
        return ", ".join(f"xray-{(number + offset) % regions}" for offset in range(each))

    named = "\n".join(f"  - {{name: service-{number}, sources: [{places(number)}]}}" for number in range(services))
    text = f'aws: {{account: "111122223333", region: eu-west-1}}\nxray:\n  sources:\n{sources}\nlogs: {{url: "http://loki:3100"}}\nservices:\n{named}\n'
    return parse_config(text, "scale.yaml")


def main() -> None:
    build_bundle(config(1, 1, 1))
    print("services  regions  in each  parse ms  build ms  check ms  render ms  ms a watch  bundle KiB  largest file, KiB")
    for services, regions, each in SIZES:
        stamps = [time.perf_counter()]
        parsed = config(services, regions, each)
        stamps.append(time.perf_counter())
        bundle = build_bundle(parsed)
        stamps.append(time.perf_counter())
        check_bundle(parsed, bundle)
        stamps.append(time.perf_counter())
        files = {artifact.path: len(render(artifact)) for artifact in bundle}
        stamps.append(time.perf_counter())
        parse, build, check, write = ((after - before) * 1000 for before, after in itertools.pairwise(stamps))
        path, size = max(((path, size) for path, size in files.items() if path != "preview.html"), key=lambda item: item[1])
        over = [f"> {limit:,}" for limit in (APPLY_BYTES, CONFIG_MAP_BYTES) if size > limit]
        each_ms = (parse + build + check + write) / (services * each)
        print(
            f"{services:8}  {regions:7}  {each:7}  {parse:8.0f}  {build:8.0f}  {check:8.0f}  {write:9.0f}  {each_ms:12.2f}  "
            f"{sum(files.values()) / 1024:10.0f}  {size / 1024:7.0f} {path} {' '.join(over)}"
        )


if __name__ == "__main__":
    main()
