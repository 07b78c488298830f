import pytest

from xray_grafana.aws.managed_policies import MANAGED_POLICIES, READ_ONLY_ACCESS, managed_policy_arn, rightly_cased


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


def test_a_managed_policy_belongs_to_the_partition() -> None:
    assert managed_policy_arn("aws-cn", READ_ONLY_ACCESS) == "arn:aws-cn:iam::aws:policy/AWSXrayReadOnlyAccess"
