"""The one question that services ask about their actor."""

from django.core.exceptions import PermissionDenied

from classifier.models import User


def require_permission(by: User | None, permission: str) -> None:
    """Raise PermissionDenied unless `by` holds `permission`; None is the system itself (commands, workers)."""
    if by is not None and not by.has_perm(permission):
        raise PermissionDenied(f"{by} lacks the permission {permission}")
