"""What a new site still needs before it moderates anything: five steps, each done once the database says so."""

from dataclasses import dataclass

from django.urls import reverse

from classifier.models import ApiKey, Comment, Policy, User, Webhook
from training.datasets.demo_comments import DEMO, demo_comments, demo_count


@dataclass(frozen=True)
class Step:
    """One step, what it is good for, and the page where it is done."""

    title: str
    why: str
    url: str
    done: bool


@dataclass(frozen=True)
class FirstRun:
    """The steps of a new site, and how many demo comments it holds now."""

    steps: list[Step]
    demo: int
    may_load: bool
    may_remove: bool

    @property
    def left(self) -> int:
        return sum(not step.done for step in self.steps)


def first_run(user: User) -> FirstRun:
    """Return the steps for a new site; each question to the database stops at the first row."""
    steps = [
        Step(
            "Make an API key",
            "Your site sends its comments with it.",
            reverse("key-new"),
            ApiKey.objects.exists(),
        ),
        Step(
            "Send the first comment",
            "Paste one here, or send it by the API.",
            reverse("classify"),
            Comment.objects.exclude(source__slug=DEMO).exists(),
        ),
        Step(
            "Say what the policy is",
            "From which probability on a comment is removed, or waits for a person.",
            reverse("policies"),
            Policy.objects.filter(created_by__isnull=False).exists(),
        ),
        Step(
            "Let a second person in",
            "Appeals are answered by someone other than the person who removed the comment.",
            reverse("person-new"),
            User.objects.filter(last_login__isnull=False)[:2].count() > 1,
        ),
        Step(
            "Add a webhook",
            "It tells your site what was decided.",
            reverse("webhook-new"),
            Webhook.objects.exists(),
        ),
    ]
    return FirstRun(
        steps,
        demo_count(),
        user.has_perm("classifier.add_comment") and not demo_comments().exists(),
        user.has_perm("classifier.erase_author"),
    )
