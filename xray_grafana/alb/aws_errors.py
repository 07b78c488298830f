"""Errors of AWS's clients as errors of ours: what to say, and whether waiting can help."""

from __future__ import annotations

from typing import Final, TypeAlias

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
)

from xray_grafana.alb.fields import printable
from xray_grafana.errors import SourceError

AwsError: TypeAlias = ClientError | BotoCoreError
AWS_ERRORS: Final = (ClientError, BotoCoreError)

_PASSING: Final = (ConnectionError, HTTPClientError, MetadataRetrievalError, CredentialRetrievalError)
# What is answered with a 4xx although waiting helps. OverLimit: 120,000 messages of the queue are in work.
_BUSY_WORDS: Final = ("throttl", "overlimit", "toomanyrequests", "slowdown", "requestlimitexceeded")
_SERVER_FAULT: Final = 500


def source_error(error: AwsError, action: str, where: str, hint: str) -> SourceError:
    """`cannot <action>: <what AWS said>`. The hint is for what waiting does not mend."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code, text = str(details.get("Code", "unknown")), str(details.get("Message", "")).strip()
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_FAULT)
        is_passing = status >= _SERVER_FAULT or any(word in code.lower() for word in _BUSY_WORDS)
        answer = f"{code}: {text}" if text else code
    else:
        is_passing = isinstance(error, _PASSING)
        answer = str(error)
    return SourceError(f"cannot {action}: {printable(answer)}", where=where, hint=None if is_passing else hint, permanent=not is_passing)
