"""The people who sign in: moderators, model admins and admins (roles are Django groups, see services.roles)."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    blur_text = models.BooleanField(
        "blur comment text",
        default=True,
        help_text="Toxic comments stay blurred until you point at them.",
    )
    all_sources = models.BooleanField(
        "sees every source", default=True, help_text="Otherwise only the sources given to this person."
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=~models.Q(username=""), name="user_username_not_empty"),
        ]
