"""Stands in for the AWS CLI: keeps an account's roles, associations and one bucket in a JSON file, and writes down every call.

Reads `FAKE_AWS_STATE` and writes it back; answers what the generated scripts ask, and refuses what it does not know.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

State = dict[str, Any]
Options = dict[str, str]


def refuse(code: str) -> NoReturn:
    sys.exit(f"An error occurred ({code}) when calling the operation")


def contents(value: str) -> Any:
    text = Path(value.removeprefix("file://")).read_text(encoding="utf-8") if value.startswith("file://") else value
    return json.loads(text)


def role_of(state: State, options: Options) -> Any:
    return state["roles"].get(options["role-name"]) or refuse("NoSuchEntity")


def get_caller_identity(state: State, _options: Options) -> str:
    return str(state["account"]) if state["account"] else refuse("ExpiredToken")


def get_role(state: State, options: Options) -> str:
    if state.get("denied"):
        refuse("AccessDenied")
    return json.dumps(role_of(state, options))


def create_role(state: State, options: Options) -> str:
    if options["role-name"] in state["roles"]:
        refuse("EntityAlreadyExists")
    state["roles"][options["role-name"]] = {"trust": contents(options["assume-role-policy-document"]), "policies": {}}
    return "{}"


def update_trust(state: State, options: Options) -> str:
    role_of(state, options)["trust"] = contents(options["policy-document"])
    return ""


def put_role_policy(state: State, options: Options) -> str:
    role_of(state, options)["policies"][options["policy-name"]] = contents(options["policy-document"])
    return ""


def wait_for_role(state: State, options: Options) -> str:
    role_of(state, options)
    return ""


def get_provider(state: State, options: Options) -> str:
    return "{}" if options["open-id-connect-provider-arn"] in state["providers"] else refuse("NoSuchEntity")


def pods(options: Options) -> str:
    return f"{options['cluster-name']}/{options['namespace']}/{options['service-account']}"


def list_associations(state: State, options: Options) -> str:
    return f"a-{pods(options)}" if pods(options) in state["associations"] else "None"


def create_association(state: State, options: Options) -> str:
    if pods(options) in state["associations"]:
        refuse("ResourceInUseException")
    state["associations"][pods(options)] = options["role-arn"]
    return "{}"


def update_association(state: State, options: Options) -> str:
    state["associations"][options["association-id"].removeprefix("a-")] = options["role-arn"]
    return "{}"


def get_bucket_location(state: State, _options: Options) -> str:
    return str(state["bucket"]["location"])


def get_bucket_encryption(state: State, options: Options) -> str:
    algorithm = state["bucket"]["encryption"] or refuse("ServerSideEncryptionConfigurationNotFoundError")
    return str(algorithm) if "query" in options else "{}"


def get_bucket_policy(state: State, _options: Options) -> str:
    return json.dumps(state["bucket"]["policy"]) if state["bucket"]["policy"] else refuse("NoSuchBucketPolicy")


def put_bucket_policy(state: State, options: Options) -> str:
    state["bucket"]["policy"] = contents(options["policy"])
    return ""


def get_notification(state: State, _options: Options) -> str:
    return json.dumps(state["bucket"]["notification"]) if state["bucket"]["notification"] else ""


def put_notification(state: State, options: Options) -> str:
    state["bucket"]["notification"] = contents(options["notification-configuration"])
    return ""


CALLS: dict[str, Callable[[State, Options], str]] = {
    "sts get-caller-identity": get_caller_identity,
    "iam get-role": get_role,
    "iam create-role": create_role,
    "iam update-assume-role-policy": update_trust,
    "iam put-role-policy": put_role_policy,
    "iam wait role-exists": wait_for_role,
    "iam get-open-id-connect-provider": get_provider,
    "eks list-pod-identity-associations": list_associations,
    "eks create-pod-identity-association": create_association,
    "eks update-pod-identity-association": update_association,
    "s3api get-bucket-location": get_bucket_location,
    "s3api get-bucket-encryption": get_bucket_encryption,
    "s3api get-bucket-policy": get_bucket_policy,
    "s3api put-bucket-policy": put_bucket_policy,
    "s3api get-bucket-notification-configuration": get_notification,
    "s3api put-bucket-notification-configuration": put_notification,
}


def main(arguments: list[str]) -> None:
    first_option = next((i for i, argument in enumerate(arguments) if argument.startswith("--")), len(arguments))
    call = " ".join(arguments[:first_option])
    names = [argument.removeprefix("--") for argument in arguments[first_option::2]]
    options = dict(zip(names, arguments[first_option + 1 :: 2], strict=True))
    path = Path(os.environ["FAKE_AWS_STATE"])
    state = json.loads(path.read_text(encoding="utf-8"))
    state["calls"].append([os.environ.get("AWS_REGION"), call])
    path.write_text(json.dumps(state), encoding="utf-8")
    answer = CALLS[call](state, options)
    path.write_text(json.dumps(state), encoding="utf-8")
    sys.stdout.write(f"{answer}\n" if answer else "")


if __name__ == "__main__":
    main(sys.argv[1:])
