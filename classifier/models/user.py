"""The people who sign in; their roles are Django groups, see classifier/accounts/roles.py."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


def blur_by_default() -> bool:
    """Return the site's default for new people; everybody may choose for themselves."""
    return bool(settings.BLUR_TEXT_DEFAULT)


class User(AbstractUser):
    blur_text = models.BooleanField(
        "blur comment text",
        default=blur_by_default,
        help_text="Toxic comments stay blurred until you point at them.",
    )
    all_sources = models.BooleanField(
        "sees every source", default=True, help_text="Otherwise only the sources given to this person."
    )

    # Set where somebody is there by a key that is confined to some sources; not a column.
    only_sources: frozenset[int] | None = None
    # The comment that this person is to judge blindly at the moment, where a page or the API reads for them; no column.
    looks_at: int | None = None

    @property
    def sees_all_sources(self) -> bool:
        return self.all_sources and self.only_sources is None

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=~models.Q(username=""), name="user_username_not_empty"),
        ]
