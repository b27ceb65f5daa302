"""The three roles: which permissions each holds, and giving them to people.

Roles are Django groups, made and brought up to date after every migration. `Admin` manages people and keys without
being a superuser; who may enter /admin/ follows from the roles. A permission of another application than this one is
written with its name: `training.run_experiment`.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction

from classifier.models import User
from classifier.services.permissions import require_permission

MODERATOR = "Moderator"
MODEL_ADMIN = "Model admin"
ADMIN = "Admin"

_SEE_COMMENTS = ["view_comment", "view_commentevent", "view_prediction", "view_source"]
_DECIDE = ["add_decision", "view_decision"]
_SEE_VERSIONS = ["view_modelversion", "view_modelversionevent"]
_TRAINING = [
    f"training.{codename}"
    for codename in (
        "run_experiment",
        "add_dataset",
        "change_dataset",
        "delete_dataset",
        "add_testsuite",
        "change_testsuite",
        "change_retrainingplan",
        "view_dataset",
        "view_evaluation",
        "view_experiment",
        "view_experimentevent",
        "view_metricpoint",
        "view_retrainingplan",
        "view_sweep",
        "view_sweepevent",
        "view_testsuite",
        "view_testsuiteresult",
    )
]
ROLE_PERMISSIONS: dict[str, list[str]] = {
    MODERATOR: ["add_comment", *_SEE_COMMENTS, *_DECIDE, "view_modelversion"],
    MODEL_ADMIN: [*_SEE_VERSIONS, "add_modelversion", "activate_modelversion", "view_prediction", *_TRAINING],
    ADMIN: [
        "add_comment",
        "change_comment",
        *_SEE_COMMENTS,
        *_DECIDE,
        "change_source",
        *_SEE_VERSIONS,
        "add_modelversion",
        "activate_modelversion",
        "add_user",
        "change_user",
        "view_user",
        "add_apikey",
        "change_apikey",
        "view_apikey",
        *_TRAINING,
    ],
}
STAFF_ROLES = frozenset({MODEL_ADMIN, ADMIN})


def roles_ensure(application: str = "classifier") -> None:
    """Make the groups of the roles, with exactly their permissions in `application`; idempotent."""
    for role, names in ROLE_PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=role)
        codenames = {
            codename
            for label, _, codename in (name.rpartition(".") for name in names)
            if (label or "classifier") == application
        }
        wanted = Permission.objects.filter(content_type__app_label=application, codename__in=codenames)
        missing = codenames - {permission.codename for permission in wanted}
        if missing:
            raise LookupError(f"role {role} names unknown permissions: {', '.join(sorted(missing))}")
        held = group.permissions.filter(content_type__app_label=application)
        group.permissions.remove(*held.exclude(pk__in=wanted))
        group.permissions.add(*wanted)


def roles_of(user: User) -> list[str]:
    """The roles of a person, in the order of ROLE_PERMISSIONS."""
    held = set(user.groups.values_list("name", flat=True))
    return [role for role in ROLE_PERMISSIONS if role in held]


def user_roles_set(*, user: User, roles: Iterable[str], by: User | None) -> None:
    """Give a person exactly these roles; entering the admin follows from them.

    Raises PermissionDenied when `by` may not manage people, is no superuser and `user` is one, or would take the
    role Admin from themselves (so that nobody locks everybody out by mistake).
    """
    require_permission(by, "classifier.change_user")
    chosen = set(roles)
    unknown = chosen - set(ROLE_PERMISSIONS)
    if unknown:
        raise LookupError(f"unknown roles: {', '.join(sorted(unknown))}")
    if by is not None and not by.is_superuser:
        if user.is_superuser:
            raise PermissionDenied("Only a superuser changes a superuser.")
        if by.pk == user.pk and ADMIN in roles_of(user) and ADMIN not in chosen:
            raise PermissionDenied("You cannot take the role Admin from yourself.")
    with transaction.atomic():
        user.groups.set(Group.objects.filter(name__in=chosen))
        User.objects.filter(pk=user.pk).update(is_staff=user.is_superuser or bool(chosen & STAFF_ROLES))
    user.refresh_from_db(fields=["is_staff"])


def ensure_after_migrate(sender: Any, **kwargs: Any) -> None:
    """Receiver of an application's post_migrate; does nothing while its tables or permissions are not there yet."""
    ContentType.objects.clear_cache()
    known = Permission.objects.filter(content_type__app_label=sender.label).exists()
    if known:
        roles_ensure(sender.label)
