"""The scalar types of the config: each says in its schema what it takes, and in its error what was expected.

All are plain strings or numbers to the rest of the program. Grafana's and AWS's own limits stand here with their source.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from xray_grafana.errors import XRayGrafanaError
from xray_grafana.loki.selector import parse_selector


def _refuse(expected: str, hint: str | None = None) -> PydanticCustomError:
    """An error whose message is what was expected; the loader adds the place and what was got."""
    return PydanticCustomError("expected", "{expected}", {"expected": expected, "hint": hint})


# Half of a surrogate pair: how Python keeps a variable's bytes that are not UTF-8. It cannot be written to a file.
_UNPAIRED: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Form:
    """What a text must look like: `pattern` holds for all of it and reads the same in Python and in ECMA 262 (editors);
    `check` raises for what no pattern can say. A `secret` form's value is never shown.
    """

    expected: str
    pattern: str
    check: Callable[[str], None] | None = None
    hint: str | None = None
    secret: bool = False

    def validate(self, text: str) -> str:
        """The text itself. Raises PydanticCustomError when it has not this form."""
        if re.fullmatch(self.pattern, text) is None or _UNPAIRED.search(text):
            raise _refuse(self.expected, self.hint)
        if self.check is not None:
            self.check(text)
        return text

    def fits(self, text: str) -> bool:
        """Whether the text has this form."""
        try:
            self.validate(text)
        except PydanticCustomError:
            return False
        return True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.validate, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$", "patternErrorMessage": f"Expected {self.expected}."}


def _check_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise _refuse(_URL_FORM)
    if "@" in parts.netloc:
        raise _refuse("a URL without a user or password in it", "Loki's go under logs.basic_user and logs.basic_password")


def _check_selector(text: str) -> None:
    try:
        parse_selector(text)
    except XRayGrafanaError as error:
        raise _refuse(_SELECTOR_FORM, error.summary) from error


def _check_service_name(text: str) -> None:
    if re.fullmatch(r"[\w .:/%&#=+\\@-]+", text) is None or " : " in text:
        raise _refuse(_SERVICE_NAME_FORM)


_URL_FORM: Final = "http(s)://host[:port][/path]"
_SELECTOR_FORM: Final = 'a LogQL stream selector such as {service_name="checkout"}'
_SERVICE_NAME_FORM: Final = r"an X-Ray service name: 1 to 200 letters, digits, blanks or _ . : / % & # = + \ - @"

AccountId = Annotated[str, Form("an AWS account id: 12 digits, as text", r"[0-9]{12}")]
# The partitions of the isolated and the European sovereign cloud have no X-Ray plugin to serve.
Region = Annotated[
    str,
    Form(
        "an AWS region such as eu-west-1",
        r"(?!us-iso|eu-iso|eusc-)[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}",
        hint="in the partition aws, aws-cn or aws-us-gov",
    ),
]
# Grafana pkg/util/shortid_generator.go
Uid = Annotated[str, Form("a Grafana uid: 1 to 40 letters, digits, - or _", r"[A-Za-z0-9_-]{1,40}")]
Prefix = Annotated[str, Form("1 to 20 lower-case letters, digits or -, beginning with a letter", r"[a-z][a-z0-9-]{0,19}")]
RoleArn = Annotated[
    str,
    Form(
        "a role ARN such as arn:aws:iam::111122223333:role/grafana-xray",
        r"arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}",
    ),
]
GroupArn = Annotated[
    str,
    Form(
        "an X-Ray group ARN such as arn:aws:xray:eu-west-1:111122223333:group/checkout/ABCDEFGH",
        r"arn:aws(-cn|-us-gov)?:xray:[a-z0-9-]{1,30}:[0-9]{12}:group/[A-Za-z0-9-]{1,32}(/[A-Z2-7]{1,100})?",
    ),
]
# X-Ray CreateGroup: 1 to 32 letters, digits and dashes.
GroupName = Annotated[str, Form("an X-Ray group name: 1 to 32 letters, digits or -", r"[A-Za-z0-9-]{1,32}")]
# X-Ray segment documents: up to 200 letters (of any script), digits, blanks and _.:/%&#=+\-@
ServiceName = Annotated[
    str,
    Form(_SERVICE_NAME_FORM, r"[^\x00-\x1f\x7f!\"$'()*,;<>?\[\]\^`{|}~]{1,200}", check=_check_service_name),
]
Duration = Annotated[str, Form("a duration such as 30s, 5m or 1h", r"[1-9][0-9]{0,3}[smhd]")]
Url = Annotated[str, Form(_URL_FORM, r"https?://[^\s\x00-\x1f\x7f/?#]+(/[^\s\x00-\x1f\x7f?#]*)?", check=_check_url)]
SecretReference = Annotated[
    str,
    Form(
        "a reference to a secret: $__env{NAME}, $__file{/path} or secret:NAME/KEY of a Kubernetes Secret",
        r"\$__env\{[A-Za-z_][A-Za-z0-9_]*\}|\$__file\{/[^{}\s]+\}|secret:[a-z0-9][a-z0-9.-]*/[A-Za-z0-9._-]+",
        hint="the value itself must not stand in the config",
        secret=True,
    ),
]
StreamSelector = Annotated[str, Form(_SELECTOR_FORM, r"\s*\{[\s\S]*\}\s*", check=_check_selector)]
_LINE: Final = r"(?!\s*$)[^\x00-\x1f\x7f\x85\u2028\u2029]"
Text = Annotated[str, Form("one line of text, up to 200 characters", _LINE + r"{1,200}")]
FilterExpression = Annotated[str, Form("an X-Ray filter expression on one line, up to 2000 characters", _LINE + r"{1,2000}")]
# Alert provisioning takes a slash for nested folders, the dashboard provider does not:
# Grafana pkg/services/folder/folderimpl (SplitFullpath).
FolderName = Annotated[str, Form("one line of text without /, up to 200 characters", r"(?!\s*$)[^\x00-\x1f\x7f\x85\u2028\u2029/]{1,200}")]
# It stands in alert annotations, which are templates: no braces, no dollars.
SourceName = Annotated[
    str, Form("one line of text without { } or $, up to 100 characters", r"(?!\s*$)[^\x00-\x1f\x7f\x85\u2028\u2029{}$]{1,100}")
]
Tag = Annotated[str, Form("a tag of 1 to 50 characters without commas", r"[^\x00-\x1f\x7f,]{1,50}")]
HeaderValue = Annotated[str, Form("one word of printable ASCII, up to 150 characters", r"[\x21-\x7e]{1,150}")]
Ratio = Annotated[float, Field(gt=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]

_DURATION_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration_seconds(duration: str) -> int:
    """A checked duration in seconds: `5m` is 300."""
    return int(duration[:-1]) * _DURATION_SECONDS[duration[-1]]
