"""The image of the shipper: what goes into it, and the habits that linters of Dockerfiles ask for."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.aws.deploys import deploy, document
from xray_grafana import contract
from xray_grafana.k8s.shipper import build_shipper

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def instructions(text: str) -> list[tuple[str, str]]:
    """Every instruction with its arguments, comments left out and continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(word, rest) for line in joined.splitlines() if line for word, _, rest in [line.partition(" ")]]


def faults(text: str) -> list[str]:
    """What is wrong with a Dockerfile, in a few words each."""
    found = instructions(text)
    stages = [rest.split()[0] for word, rest in found if word == "FROM"]
    users = [rest for word, rest in found if word == "USER"]
    runs = [rest for word, rest in found if word == "RUN"]
    last = [word for word, _ in found][max(index for index, (word, _) in enumerate(found) if word == "FROM") :]
    checks = {
        "a base without a fixed tag": any(re.search(r":\d", stage) is None for stage in stages),
        "stages of different bases": len(set(stages)) != 1,
        "no numeric user that is not root": not users or re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]) is None,
        "ADD instead of COPY": any(word == "ADD" for word, _ in found),
        "sudo": any("sudo" in run for run in runs),
        "a package without a version": any(
            re.search(r"pip install", run) and not all(word.startswith("-") or word == "." or "==" in word for word in run.split()[2:])
            for run in runs
        ),
        "a cache that stays": any("pip install" in run and "--no-cache-dir" not in run for run in runs),
        "something built in the last stage": "RUN" in last,
        "a shell form of the entry point": any(word in {"ENTRYPOINT", "CMD"} and not rest.startswith("[") for word, rest in found),
        "a port": any(word == "EXPOSE" for word, _ in found),
    }
    return [fault for fault, holds in checks.items() if holds]


TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_nothing_is_wrong_with_the_dockerfile() -> None:
    assert faults(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("python:3.13-slim-trixie", "python:slim", "a base without a fixed tag"),
        ("FROM python:3.13-slim-trixie\n", "FROM python:3.12-slim-trixie\n", "stages of different bases"),
        ("USER 65532:65532", "USER nobody", "no numeric user that is not root"),
        ("USER 65532:65532", "USER 0:0", "no numeric user that is not root"),
        ("COPY xray_grafana", "ADD xray_grafana", "ADD instead of COPY"),
        ("RUN pip", "RUN sudo pip", "sudo"),
        ("awslambdaric==4.2.2", "awslambdaric", "a package without a version"),
        ("--no-cache-dir ", "", "a cache that stays"),
        ("USER 65532", "RUN apt-get install gcc\nUSER 65532", "something built in the last stage"),
        ('ENTRYPOINT ["xray-grafana"]', "ENTRYPOINT xray-grafana", "a shell form of the entry point"),
        ("USER 65532", "EXPOSE 9090\nUSER 65532", "a port"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(old: str, new: str, fault: str) -> None:
    assert old in TEXT
    assert fault in faults(TEXT.replace(old, new))


def copied() -> set[str]:
    """What comes into the image from the clone."""
    sources = [rest.split()[:-1] for word, rest in instructions(TEXT) if word == "COPY" and not rest.startswith("--from")]
    return {path for paths in sources for path in paths}


def test_all_that_a_wheel_is_made_from_is_copied() -> None:
    project, wheel = PROJECT["project"], PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert copied() == {"pyproject.toml", project["readme"], *project["license-files"], *wheel["packages"]}


def test_what_is_copied_and_nothing_else_is_sent_to_docker() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied()
    assert any(fnmatchcase("xray_grafana/config/__pycache__", line) for line in lines[1:])


def test_the_image_holds_what_lambda_starts() -> None:
    image = document(deploy(), "aws/alb-logs.yaml")["Resources"]["Shipper"]["Properties"]["ImageConfig"]
    assert image["EntryPoint"][-1] in {re.split(r"==", word)[0] for _, rest in instructions(TEXT) for word in rest.split()}


def test_the_images_program_and_user_are_the_deployments() -> None:
    (deployment,) = [
        artifact.document
        for artifact in build_shipper(deploy("alb_logs.consumer=deployment"))
        if artifact.path.endswith("/deployment.yaml")
    ]
    pod = deployment["spec"]["template"]["spec"]
    assert ("ENTRYPOINT", f'["{contract.SHIPPER_COMMAND[0]}"]') in instructions(TEXT)
    assert contract.SHIPPER_COMMAND[0] in PROJECT["project"]["scripts"]
    assert ("USER", f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}") in instructions(TEXT)


def test_the_image_has_a_python_that_the_program_says_it_runs_on() -> None:
    (version,) = set(re.findall(r"^FROM python:(\d\.\d+)-", TEXT, re.MULTILINE))
    assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]
