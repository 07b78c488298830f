"""What the tests of the shipper share."""

from __future__ import annotations

from tests.alb.aws import aws, aws_server

__all__ = ["aws", "aws_server"]
