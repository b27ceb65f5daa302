"""The action that the policy recommends to the site for a comment, in one word, also while there is no verdict."""

from dataclasses import dataclass

from classifier.inference.bands import APPROVE, REMOVE, Judgement
from classifier.models import Comment, CommentStatus, Decision, DecisionAction, FailMode, Verdict
from classifier.policies.active_policies import CurrentPolicy, policy_for

PUBLISH, REVIEW, HOLD, REMOVE_IT = "publish", "review", "hold", "remove"
ACTIONS = (PUBLISH, REVIEW, HOLD, REMOVE_IT)


@dataclass(frozen=True)
class Advised:
    """`action` is one of ACTIONS; `nudge`: ask the author to think again, which nobody who tells of hurt is asked."""

    action: str
    nudge: bool


def unscored(policy: CurrentPolicy) -> str:
    """Return the action for a text that is not scored: fail open publishes, fail closed holds."""
    return PUBLISH if policy.fail_mode == FailMode.OPEN else HOLD


def unscored_of(source_id: int | None) -> str:
    """Return the action for a text that is not scored, by the policy in force for its source."""
    return unscored(policy_for(source_id))


def of_comment(comment: Comment, policy: CurrentPolicy | None = None) -> Advised:
    """Recommend what the site should do with a stored comment: by its decision, else its band, else the default.

    A comment that many readers reported is held until a person decides (settings.REPORTS_TO_HIDE). The default is the
    policy's fail mode. `policy` is the one in force for the source, if the caller already has it.
    """
    policy = policy or policy_for(comment.source_id)
    prediction = comment.current_prediction
    may_nudge = prediction is not None and not policy.unread(prediction) and not comment.is_concern
    nudge = may_nudge and prediction is not None and policy.nudges(prediction.score)
    standing = comment.current_decision
    if standing is not None and standing.action == DecisionAction.REMOVE:
        return Advised(REMOVE_IT, nudge)  # also while an edited text waits for its verdict
    hidden = comment.hidden_by_reports_at
    if hidden is not None and (standing is None or standing.automatic or standing.created_at < hidden):
        return Advised(HOLD, nudge)
    if standing is not None and (
        comment.status == CommentStatus.DECIDED or not _edited_since(comment, standing)
    ):
        return Advised(PUBLISH, nudge)
    if prediction is None or _unread(comment):
        return Advised(unscored(policy), nudge)
    if not comment.band:  # scored before there were policies
        return Advised(REVIEW if prediction.verdict == Verdict.TOXIC else PUBLISH, nudge)
    return Advised(PUBLISH if comment.band == APPROVE else REVIEW, nudge)


def _edited_since(comment: Comment, decision: Decision) -> bool:
    return comment.edited_at is not None and comment.edited_at > decision.created_at


def _unread(comment: Comment) -> bool:
    """Return whether no model has scored the current text; while a text is rescored, its earlier verdict counts."""
    if comment.status == CommentStatus.FAILED:
        return True
    scored = comment.classified_at
    if comment.status != CommentStatus.PENDING or scored is None:
        return comment.status == CommentStatus.PENDING
    return comment.edited_at is not None and comment.edited_at > scored


def of_judgement(judged: Judgement, policy: CurrentPolicy, score: float) -> Advised:
    """Recommend what the site should do with a text that was scored but not submitted."""
    if judged.band == REMOVE and policy.is_automatic(REMOVE):
        action = REMOVE_IT
    else:
        action = PUBLISH if judged.band == APPROVE else REVIEW
    is_unread = any(reason["kind"] == "language" for reason in judged.reasons)
    return Advised(action, policy.nudges(score) and not is_unread and not judged.concern)
