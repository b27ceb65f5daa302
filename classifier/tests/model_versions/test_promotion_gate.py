"""A registered gate keeps candidates out of production, unless somebody overrides it with a reason."""

from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from classifier.core.errors import GateClosed
from classifier.model_versions.promotion_gate import GateVerdict, gate_register
from classifier.model_versions.services import model_version_activate, model_version_roll_back
from classifier.models import ModelVersion, User

pytestmark = pytest.mark.django_db
Pair = tuple[ModelVersion, ModelVersion]
CLOSED = GateVerdict(False, ["Its ROC-AUC is too low.", "It is too slow."], {"roc_auc": 0.5}, "one")
OPEN = GateVerdict(True, [], {"roc_auc": 0.9}, "one", satisfied=["Its ROC-AUC is enough."])


@pytest.fixture
def pair(candidates: Pair) -> Pair:
    """One in production, and a candidate."""
    model_version_activate(model_version=candidates[0], by=None)
    return candidates


def test_a_closed_gate_lists_what_failed_and_changes_nothing(pair: Pair, model_admin: User) -> None:
    gate_register(lambda candidate, active: CLOSED)
    with pytest.raises(GateClosed, match=r"out of production\. Its ROC-AUC is too low\. It is too slow\."):
        model_version_activate(model_version=pair[1], by=model_admin, reason="newer")
    assert ModelVersion.objects.active() == pair[0]
    assert not pair[1].history.exists()


def test_an_open_gate_lets_the_candidate_through_and_enters_the_history(pair: Pair) -> None:
    asked = []
    gate_register(lambda candidate, active: asked.append((candidate, active)) or OPEN)  # type: ignore[func-returns-value]
    model_version_activate(model_version=pair[1], by=None, reason="better")
    assert asked == [(pair[1], pair[0])]
    event = pair[1].history.get()
    assert (event.reason, event.gate) == ("better", OPEN.to_dict())


def test_an_override_needs_a_reason_and_the_history_keeps_it_with_the_verdict(
    pair: Pair, model_admin: User
) -> None:
    gate_register(lambda candidate, active: CLOSED)
    with pytest.raises(
        GateClosed, match=r"^The quality gate keeps tiny-\w{8} out of production\. Its ROC-AUC is"
    ):
        model_version_activate(model_version=pair[1], by=model_admin, override_reason="  ")
    model_version_activate(model_version=pair[1], by=model_admin, override_reason="threats slip through")
    event = pair[1].history.get()
    assert event.gate == {**CLOSED.to_dict(), "overridden": "threats slip through"}
    assert (event.actor, event.reason) == (model_admin, "threats slip through")


def test_a_moderator_may_not_override(pair: Pair, moderator: User) -> None:
    gate_register(lambda candidate, active: CLOSED)
    with pytest.raises(PermissionDenied, match=r"lacks the permission classifier\.activate_modelversion$"):
        model_version_activate(model_version=pair[1], by=moderator, override_reason="because")
    assert ModelVersion.objects.active() == pair[0]


def test_the_first_version_of_an_empty_site_meets_no_gate(candidates: Pair) -> None:
    gate_register(lambda candidate, active: CLOSED)
    model_version_activate(model_version=candidates[0], by=None)
    assert candidates[0].history.get().gate is None


def test_the_way_back_meets_no_gate(pair: Pair) -> None:
    model_version_activate(model_version=pair[1], by=None)
    gate_register(lambda candidate, active: CLOSED)
    assert model_version_roll_back(by=None) == pair[0]
    pair[1].refresh_from_db()
    model_version_activate(model_version=pair[1], by=None)
    assert ModelVersion.objects.active() == pair[1]


def test_the_command_tells_how_to_override(pair: Pair, artifacts: tuple[Path, Path]) -> None:
    gate_register(lambda candidate, active: CLOSED)
    with pytest.raises(CommandError, match="To override and promote it, give a reason"):
        call_command("load_model", artifacts[1], "--activate")
    call_command("load_model", artifacts[1], "--activate", "--override", "measured elsewhere")
    assert ModelVersion.objects.active() == pair[1]
