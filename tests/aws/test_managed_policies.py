import pytest

from xray_grafana.aws.managed_policies import MANAGED_POLICIES, rightly_cased


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("AWSXRayWriteOnlyAccess", "AWSXrayWriteOnlyAccess"),
        ("AWSXrayDaemonWriteAccess", "AWSXRayDaemonWriteAccess"),
        ("awsxrayreadonlyaccess", "AWSXrayReadOnlyAccess"),
        ("AWSXrayFullAccess", "AWSXrayFullAccess"),
        ("AmazonS3ReadOnlyAccess", None),
    ],
)
def test_each_name_has_one_case(written: str, right: str | None) -> None:
    assert rightly_cased(written) == right


def test_no_two_names_differ_by_case_alone() -> None:
    assert len({name.casefold() for name in MANAGED_POLICIES}) == 6
