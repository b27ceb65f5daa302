"""The check of an actor's permission that every service makes, answered in one statement."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.db import connection

from classifier.models import User

# Written out, because composing these joins takes the ORM longer than Postgres needs to answer.
PERMISSIONS_OF = """
SELECT type.app_label, permission.codename
FROM auth_permission permission JOIN django_content_type type ON type.id = permission.content_type_id
WHERE permission.id IN (
    SELECT permission_id FROM classifier_user_user_permissions WHERE user_id = %(user)s
    UNION ALL
    SELECT granted.permission_id
    FROM classifier_user_groups member JOIN auth_group_permissions granted USING (group_id)
    WHERE member.user_id = %(user)s
)
"""


class PermissionsAtOnce(ModelBackend):
    """Django's backend, except that a person's own permissions and those of their groups are read together.

    Every submitted comment asks for them, always afresh: a role that was taken away counts at once.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or user_obj.is_superuser or obj is not None:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):  # where Django's keeps them too
            with connection.cursor() as cursor:
                cursor.execute(PERMISSIONS_OF, {"user": user_obj.pk})
                user_obj._perm_cache = {f"{label}.{codename}" for label, codename in cursor.fetchall()}
        return set(user_obj._perm_cache)


def require_permission(by: User | None, permission: str) -> None:
    """Raise PermissionDenied unless `by` holds `permission`; None is the system itself (commands, workers)."""
    if by is not None and not by.has_perm(permission):
        raise PermissionDenied(f"{by} lacks the permission {permission}")
