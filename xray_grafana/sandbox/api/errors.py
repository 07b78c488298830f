"""Answers that are refusals, in AWS's form."""

from __future__ import annotations

from http import HTTPStatus


class ApiError(Exception):
    """A refusal as X-Ray words it: body `{"Message": …}`, the name in the header `x-amzn-errortype`.

    `framework` errors come from what checks requests before the service sees them: their key is `message`.
    Source: captured answers of X-Ray; both spellings are read by every AWS SDK.
    """

    def __init__(
        self, message: str, *, name: str = "InvalidRequestException", status: int = HTTPStatus.BAD_REQUEST, framework: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.status = status
        self.framework = framework

    @property
    def document(self) -> dict[str, str]:
        """The body."""
        return {"message" if self.framework else "Message": self.message}


def validation_error(message: str) -> ApiError:
    """The framework's `ValidationException`."""
    return ApiError(f"1 validation error detected: {message}", name="ValidationException", framework=True)
