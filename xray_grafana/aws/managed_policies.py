"""AWS's own policies for X-Ray: their names are cased now XRay, now Xray, and an ARN in the wrong case names nothing.

Source: AWS Managed Policy Reference, https://docs.aws.amazon.com/aws-managed-policy/latest/reference/.
"""

from __future__ import annotations

from typing import Final

MANAGED_POLICIES: Final = (
    "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess",
    "AWSXrayReadOnlyAccess",
    "AWSXrayFullAccess",
    "AWSXrayCrossAccountSharingConfiguration",
    "AWSXRayAPIKeyAccess",
)

_BY_FOLDED_NAME: Final = {name.casefold(): name for name in MANAGED_POLICIES}


def rightly_cased(name: str) -> str | None:
    """The name as AWS writes it, for a name of these in any case; None for any other."""
    return _BY_FOLDED_NAME.get(name.casefold())
