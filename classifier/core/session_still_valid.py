"""Whether an authenticated caller would still be let in: asked again and again during long answers."""

from django.db.models import Q
from django.db.models.functions import Now

from classifier.models import ApiKey, User


def still_admitted(*, user: User, api_key: ApiKey | None) -> bool:
    """Return False once the account is closed or sees other sources, or the key is revoked or expired.

    For a session (no `api_key`) also once the password was changed, which ends sessions.
    """
    alike = {"is_active": True, "all_sources": user.all_sources}
    if api_key is None:
        return User.objects.filter(pk=user.pk, password=user.password, **alike).exists()
    usable = Q(expires_at=None) | Q(expires_at__gt=Now())
    keys = ApiKey.objects.filter(usable, pk=api_key.pk, revoked_at=None)
    return keys.filter(**{f"owner__{name}": value for name, value in alike.items()}).exists()
