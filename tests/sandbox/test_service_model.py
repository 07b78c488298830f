"""The checker of answers has planted faults of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.service_model import check_answer


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("GetGroups", {"Groups": [], "NextToken": None}),
        ("GetGroups", {}),
        ("DeleteGroup", {}),
        (
            "GetTraceSummaries",
            {"TraceSummaries": [{"Id": None, "MatchedService": None}], "ApproximateTime": 1.5, "TracesProcessedCount": 3},
        ),
        ("ListTagsForResource", {"Tags": [{"Key": "a", "Value": ""}]}),
    ],
)
def test_a_sound_answer_passes(operation: str, answer: dict[str, Any]) -> None:
    check_answer(operation, answer)


@pytest.mark.parametrize(
    ("operation", "answer", "path"),
    [
        ("GetGroups", {"Group": []}, "GetGroups: "),
        ("GetGroups", {"Groups": {}}, "GetGroups.Groups: "),
        ("GetGroups", {"Groups": [None]}, r"GetGroups.Groups\[0\]: "),
        ("GetGroups", {"Groups": [{"GroupName": 5}]}, r"GetGroups.Groups\[0\].GroupName: "),
        ("GetGroups", {"Groups": [{"InsightsConfiguration": {"InsightsEnabled": 1}}]}, "InsightsConfiguration.InsightsEnabled: "),
        ("GetTraceSummaries", {"TracesProcessedCount": 1.0}, "GetTraceSummaries.TracesProcessedCount: "),
        ("GetTraceSummaries", {"TracesProcessedCount": True}, "GetTraceSummaries.TracesProcessedCount: "),
        ("GetTraceSummaries", {"ApproximateTime": "now"}, "GetTraceSummaries.ApproximateTime: "),
        ("GetTraceSummaries", {"ApproximateTime": False}, "GetTraceSummaries.ApproximateTime: "),
        ("GetTraceSummaries", {"TraceSummaries": [{"Annotations": []}]}, r"TraceSummaries\[0\].Annotations: "),
        ("GetTraceSummaries", {"TraceSummaries": [{"Annotations": {"k": [{"AnnotationValue": "v"}]}}]}, r"\['k'\]\[0\].AnnotationValue: "),
        ("ListTagsForResource", {"Tags": [{"Key": "a", "Value": None}]}, r"ListTagsForResource.Tags\[0\].Value: required"),
        ("ListTagsForResource", {"Tags": [{"Key": "a"}]}, r"ListTagsForResource.Tags\[0\].Value: required"),
        ("GetInsight", {"Insight": {"State": "OPEN"}}, "GetInsight.Insight.State: 'OPEN' is none of ACTIVE, CLOSED"),
    ],
)
def test_a_planted_fault_is_found_with_its_path(operation: str, answer: dict[str, Any], path: str) -> None:
    with pytest.raises(AssertionError, match=path):
        check_answer(operation, answer)


def test_application_signals_has_a_model_of_its_own() -> None:
    with pytest.raises(AssertionError, match=r"ListServices\.StartTime: required"):
        check_answer("ListServices", {"ServiceSummaries": [], "EndTime": 1.0}, "application-signals")
