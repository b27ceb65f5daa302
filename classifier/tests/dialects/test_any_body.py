"""Whatever JSON arrives, a dialect answers in its own form and never fails."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.tests.dialects.conftest import ANALYZE, MODERATIONS, PREDICT, SUGGEST, Sender

NAMES = st.sampled_from(
    "comment text type requestedAttributes requested_attributes TOXICITY THREAT@2 scoreType scoreThreshold languages "
    "doNotStore spanAnnotations dropUnsupportedAttributes clientToken sessionId communityId context entries article "
    "parentComment articleAndParentComment attributeScores summaryScore spanScores value begin end score input model "
    "image_url inputs raw_scores truncate truncation_direction".split()
)
TEXTS = st.sampled_from(["PLAIN_TEXT", "HTML", "PROBABILITY", "en", "und", "text", "Left"]) | st.text(
    max_size=20
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
GOOD: dict[str, dict[str, Any]] = {
    ANALYZE: {"comment": {"text": "a"}, "requestedAttributes": {"TOXICITY": {}}},
    SUGGEST: {"comment": {"text": "a"}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}},
    MODERATIONS: {"input": "a"},
    PREDICT: {"inputs": "a"},
}


@pytest.mark.parametrize("path", GOOD)
def test_no_body_makes_it_fail(sender: Sender, asked: list[list[str]], path: str) -> None:
    @given(st.dictionaries(NAMES, VALUES, max_size=4), st.booleans())
    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    def send(fields: dict[str, Any], whole: bool) -> None:
        body = {**GOOD[path], **fields} if whole else fields
        response = sender.post(path, json.dumps(body).encode())
        assert response.status_code in (200, 400, 413, 422), response.content
        assert json.loads(response.content)

    send()
