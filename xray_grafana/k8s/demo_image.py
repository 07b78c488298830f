"""The demo's image: its files, the reference that Deployments name, and two ways to build it (a script, CodeBuild).

The application is not imported: it lies beside as the files that the image gets, and runs with what its own requirements bring.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.bundle.template import text_from
from xray_grafana.config.deploy import Sdk
from xray_grafana.config.ecr import EcrImage
from xray_grafana.config.names import Names
from xray_grafana.k8s.objects import checksum

PORT: Final = 8080
USER_ID: Final = 10001

_FOLDER: Final = "k8s/demo/image"
_REPOSITORY: Final = "xray-demo"
_TAG_LENGTH: Final = 12
_MODULES: Final[dict[Sdk, str]] = {"xray": "app_xray", "opentelemetry": "app_otel"}
_REQUIREMENTS: Final[dict[Sdk, str]] = {"xray": "requirements-xray.txt", "opentelemetry": "requirements-otel.txt"}
_PRIVILEGED: Final = """\
For a CodeBuild project in privileged mode, which docker needs, whose source is the folder that holds k8s/ and aws/.
Its role needs AmazonEC2ContainerRegistryPowerUser; the repository is made by push-image.sh, or by hand.
"""


def ecr_image(names: Names, sdk: Sdk) -> EcrImage:
    """The image of these files: a change of any of them is another tag, so that pods are made anew."""
    content = "".join(f"{artifact.path}\n{artifact.content}" for artifact in image_files(sdk))
    return EcrImage(names.registry, _REPOSITORY, checksum(content)[:_TAG_LENGTH])


def image_files(sdk: Sdk) -> tuple[Artifact, ...]:
    """What `docker build` takes: Dockerfile, requirements and the application."""
    module = _MODULES[sdk]
    texts = {
        "Dockerfile": text_from("xray_grafana.k8s", "Dockerfile.j2", port=PORT, user=USER_ID, module=module),
        "requirements.txt": _part(_REQUIREMENTS[sdk]),
        **{f"demo_app/{name}": _part(name) for name in ("shop.py", f"{module}.py")},
    }
    return tuple(Artifact(f"{_FOLDER}/{path}", Format.TEXT, text) for path, text in texts.items())


def build_ways(names: Names, image: EcrImage) -> tuple[Artifact, ...]:
    """A script for one's own machine, and a buildspec for CodeBuild; both leave an image alone that is there already."""
    aws = names.config.aws
    script = text_from("xray_grafana.k8s", "push-image.sh.j2", account=aws.account, region=aws.region, image=image)
    return (
        Artifact("aws/demo/push-image.sh", Format.TEXT, script),
        Artifact("aws/demo/buildspec.yaml", Format.YAML, _buildspec(aws.region, image), _PRIVILEGED),
    )


def _buildspec(region: str, image: EcrImage) -> Document:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html"""
    exists = 'aws ecr describe-images --region "$REGION" --repository-name "$REPOSITORY" --image-ids "imageTag=$TAG"'
    login = 'aws ecr get-login-password --region "$REGION" | docker login --username AWS --password-stdin "$REGISTRY"'
    variables = {"REGION": region, "REGISTRY": image.registry, "REPOSITORY": image.repository, "TAG": image.tag}
    return {
        "version": 0.2,
        "env": {"shell": "bash", "variables": variables},
        "phases": {
            "pre_build": {"commands": [login]},
            "build": {"commands": [f'docker build --tag "$REGISTRY/$REPOSITORY:$TAG" {_FOLDER}']},
            "post_build": {"commands": [f'{exists} || docker push "$REGISTRY/$REPOSITORY:$TAG"']},
        },
    }


def _part(name: str) -> str:
    """A file of the application, as it is."""
    return (files("xray_grafana.k8s") / "demo_app" / name).read_text(encoding="utf-8")
