"""The script that builds the shipper's image and pushes it, linted by shellcheck and run against stand-ins for aws and docker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import xray_grafana
from tests.aws import fake_registry
from tests.aws.deploys import PLACES, build, deploy, write
from tests.aws.fake_registry import changing
from xray_grafana.config.ecr import EcrImage, image_in

SCRIPT = "aws/shipper/push-image.sh"
REGISTRY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "0f" * 32


def lines(*overrides: str, region: str = "eu-west-1") -> set[str]:
    return set(str(build(deploy(*overrides, region=region))[SCRIPT].content).splitlines())


def clone(folder: Path) -> Path:
    """A folder that looks like a clone of the program, with a blank in its name."""
    source = folder / "a clone"
    (source / "xray_grafana").mkdir(parents=True)
    (source / "Dockerfile").touch()
    return source


def push(folder: Path, *arguments: str, source: Path | None = None, **variables: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    write(deploy(), folder)
    place = {} if source is None else {"SOURCE": str(source)}
    return fake_registry.push(folder / SCRIPT, folder, *arguments, **place, **variables)


@pytest.mark.parametrize("region", PLACES)
def test_what_is_pushed_is_what_the_function_runs(region: str) -> None:
    made = build(deploy("alb_logs.shipper_image=" + f"111122223333.dkr.ecr.{region}.{PLACES[region][1]}/ops/shipper:7", region=region))
    assert {
        f"registry=111122223333.dkr.ecr.{region}.{PLACES[region][1]}",
        "repository=ops/shipper",
        "tag=7",
        f"region={region}",
    } <= set(str(made[SCRIPT].content).splitlines())
    uri = made["aws/alb-logs.yaml"].document["Resources"]["Shipper"]["Properties"]["Code"]["ImageUri"]
    assert uri == f"111122223333.dkr.ecr.{region}.{PLACES[region][1]}/ops/shipper:7"


def test_without_an_image_in_the_config_the_tag_is_the_programs_version() -> None:
    assert {f"registry={REGISTRY}", "repository=xray-grafana", f"tag={xray_grafana.__version__}"} <= lines("alb_logs.shipper_image=null")


@pytest.mark.parametrize(
    ("image", "consumer"),
    [
        ("ghcr.io/a/b:1", "deployment"),
        (f"{REGISTRY}/a@{DIGEST}", "lambda"),
        (f"{REGISTRY}/a:1@{DIGEST}", "lambda"),
        (f"444455556666{REGISTRY[12:]}/a:1", "lambda"),
    ],
)
def test_nothing_is_pushed_to_what_is_not_the_accounts_or_has_a_digest_already(image: str, consumer: str) -> None:
    assert SCRIPT not in build(deploy(f"alb_logs.shipper_image={image}", f"alb_logs.consumer={consumer}"))


def test_without_a_pipeline_there_is_no_script() -> None:
    assert SCRIPT not in build(deploy("alb_logs=null"))


def test_an_image_of_the_registry_is_taken_apart_and_put_together_again() -> None:
    image = image_in(REGISTRY, f"{REGISTRY}/ops/shipper:7")
    assert image == EcrImage(REGISTRY, "ops/shipper", "7")
    assert image.reference == f"{REGISTRY}/ops/shipper:7"


def test_shellcheck_finds_nothing_in_the_script(tmp_path: Path) -> None:
    write(deploy(), tmp_path)
    program = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([program, "--norc", tmp_path / SCRIPT], capture_output=True, check=False, encoding="utf-8")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_without_apply_the_script_says_what_it_would_do_and_does_nothing(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done, calls = push(tmp_path, *arguments, source=clone(tmp_path))
    assert (done.returncode, changing(calls)) == (0, [])
    for step in ("ecr create-repository", "docker login", "docker build", "docker push"):
        assert sum(step in line for line in done.stdout.splitlines() if line.startswith("would run:")) == 1


def test_with_apply_the_image_is_built_from_the_clone_and_pushed(tmp_path: Path) -> None:
    source = clone(tmp_path)
    done, calls = push(tmp_path, "--apply", source=source, PLATFORM="linux/arm64")
    assert done.returncode == 0, done.stderr
    made = changing(calls)
    assert "--repository-name xray-grafana --image-tag-mutability IMMUTABLE" in made[0]
    image = f"{REGISTRY}/xray-grafana:0.1.0"
    assert made[-2:] == [f"docker build --platform linux/arm64 --tag {image} {source}", f"docker push {image}"]
    assert "hunter2" not in done.stdout + done.stderr


def test_a_bundle_that_lies_in_the_clone_needs_no_word_about_where_that_is(tmp_path: Path) -> None:
    (tmp_path / "xray_grafana").mkdir()
    (tmp_path / "Dockerfile").touch()
    done, calls = push(tmp_path, "--apply")
    assert done.returncode == 0, done.stderr
    assert changing(calls)[-2].endswith(f"{tmp_path}/aws/shipper/../..")


def test_without_a_clone_nothing_is_made_and_the_way_out_is_named(tmp_path: Path) -> None:
    done, calls = push(tmp_path, "--apply")
    assert (done.returncode, changing(calls)) == (1, [])
    assert "set SOURCE=/path/to/clone" in done.stderr


def test_an_image_that_is_there_is_left_alone(tmp_path: Path) -> None:
    done, calls = push(tmp_path, "--apply", source=clone(tmp_path), THERE="image")
    assert (done.returncode, changing(calls)) == (0, [])
    assert done.stdout.endswith("is there already\n")
