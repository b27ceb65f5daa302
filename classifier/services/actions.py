"""What another system does with a comment now: the policy's answer in one word, also while there is no verdict."""

from dataclasses import dataclass

from classifier.inference.bands import APPROVE, REMOVE, Judgement
from classifier.models import Comment, CommentStatus, DecisionAction, FailMode, Verdict
from classifier.services.in_force import CurrentPolicy, policy_for

PUBLISH, REVIEW, HOLD, REMOVE_IT = "publish", "review", "hold", "remove"
ACTIONS = (PUBLISH, REVIEW, HOLD, REMOVE_IT)


@dataclass(frozen=True)
class Advised:
    """`action` is one of ACTIONS; `nudge`: ask the author to think again."""

    action: str
    nudge: bool


def unscored(policy: CurrentPolicy) -> str:
    """What to do with what nobody has scored: fail open publishes, fail closed holds."""
    return PUBLISH if policy.fail_mode == FailMode.OPEN else HOLD


def unscored_of(source_id: int | None) -> str:
    """`unscored` under the policy in force for a source."""
    return unscored(policy_for(source_id))


def of_comment(comment: Comment, policy: CurrentPolicy | None = None) -> Advised:
    """What a stored comment is for its site: a decision goes before the band, the band before the policy's default.

    `policy` is the one in force for its source where the caller has it at hand.
    """
    policy = policy or policy_for(comment.source_id)
    prediction = comment.current_prediction
    nudge = prediction is not None and policy.nudges(prediction.score)
    if comment.status == CommentStatus.DECIDED and comment.current_decision is not None:
        removed = comment.current_decision.action == DecisionAction.REMOVE
        return Advised(REMOVE_IT if removed else PUBLISH, nudge)
    if comment.status in (CommentStatus.PENDING, CommentStatus.FAILED) or prediction is None:
        return Advised(unscored(policy), nudge)
    if not comment.band:  # scored before there were policies
        return Advised(REVIEW if prediction.verdict == Verdict.TOXIC else PUBLISH, nudge)
    return Advised(PUBLISH if comment.band == APPROVE else REVIEW, nudge)


def of_judgement(judged: Judgement, policy: CurrentPolicy, score: float) -> Advised:
    """What a text that was only scored would be for its site, had it been submitted."""
    if judged.band == REMOVE and policy.is_automatic(REMOVE):
        action = REMOVE_IT
    else:
        action = PUBLISH if judged.band == APPROVE else REVIEW
    return Advised(action, policy.nudges(score))
