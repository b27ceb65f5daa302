"""The five roles: which permissions each of them holds, and giving roles to users.

Roles are Django groups, created and brought up to date after every migration. `Admin` manages users and keys without
being a superuser; the roles decide who may enter /admin/. A permission of another application is written with the
application's name: `training.run_experiment`. A role holds no more than its work needs: nobody deletes users,
comments or histories, and only admins take texts out of the site (transfers, an author's data).
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction

from classifier.core.audit import audit_record
from classifier.core.permissions import require_permission
from classifier.core.source_access import require_reach
from classifier.models import User
from toxicsite.lib.upsert import get_or_insert

VIEWER = "Viewer"
MODERATOR = "Moderator"
LEAD = "Lead"
MODEL_ADMIN = "Model admin"
ADMIN = "Admin"

_SEE = [
    "view_comment",
    "view_commentevent",
    "view_prediction",
    "view_decision",
    "view_source",
    "view_savedqueue",
]
_MODERATE = [
    "add_comment",
    "add_decision",
    "add_report",
    "add_secondreview",
    "view_report",
    "view_appeal",
    "view_modelversion",
]
_LEAD = [
    "add_bulkaction",
    "rescore_comment",
    "view_bulkaction",
    "change_appeal",
    "add_savedqueue",
    "change_savedqueue",
    "delete_savedqueue",
    "view_policy",
    "view_shadowpolicy",
    "view_shadowpolicyevent",
    "view_rule",
    "test_rule",
    "view_daystatistic",
    "view_secondreview",
    "view_goldenitem",
    "add_goldenitem",
    "change_goldenitem",
    "view_auditentry",
    "export_auditentry",
    "view_suggestion",
    "change_suggestion",
    "view_referenceservice",
    "view_referencecall",
    "view_scoremap",
]
_ADMINISTER = [
    "change_comment",
    "change_source",
    "add_appeal",
    "add_policy",
    "add_rule",
    "change_rule",
    "delete_rule",
    "add_transfer",
    "change_transfer",
    "view_transfer",
    "erase_author",
    "add_user",
    "change_user",
    "view_user",
    "add_apikey",
    "change_apikey",
    "view_apikey",
    "add_webhook",
    "change_webhook",
    "view_webhook",
    "view_webhookdelivery",
    "view_webhookattempt",
    "add_noticechannel",
    "change_noticechannel",
    "view_noticechannel",
    "view_noticedelivery",
    "add_referenceservice",
    "change_referenceservice",
    "add_scoremap",
    "view_clientseen",
]
_SEE_VERSIONS = ["view_modelversion", "view_modelversionevent"]
_VERSIONS = [*_SEE_VERSIONS, "add_modelversion", "activate_modelversion"]
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
    VIEWER: _SEE,
    MODERATOR: [*_SEE, *_MODERATE],
    LEAD: [*_SEE, *_MODERATE, *_LEAD, "view_modelversionevent"],
    MODEL_ADMIN: [*_VERSIONS, "view_prediction", "rescore_comment", *_TRAINING],
    ADMIN: sorted({*_SEE, *_MODERATE, *_LEAD, *_ADMINISTER, *_VERSIONS}) + _TRAINING,
}
ROLE_TITLES = {
    VIEWER: "looks at comments, verdicts and decisions",
    MODERATOR: "works in the queue: submits, decides, undoes",
    LEAD: "also escalations, appeals, bulk decisions, history, numbers, and what policies say",
    MODEL_ADMIN: "trains, compares, activates and rolls back models, scores history again; sees no comments",
    ADMIN: "people, keys, policies, rules, privacy, transfers, and all of the above",
}
STAFF_ROLES = frozenset({MODEL_ADMIN, ADMIN})


def roles_ensure(application: str = "classifier") -> None:
    """Create the groups of the roles, with exactly their permissions in `application`; idempotent."""
    for role, names in ROLE_PERMISSIONS.items():
        group, _ = get_or_insert(Group.objects.all(), name=role)
        codenames = {
            codename
            for label, _, codename in (name.rpartition(".") for name in names)
            if (label or "classifier") == application
        }
        wanted = Permission.objects.filter(content_type__app_label=application, codename__in=codenames)
        missing = codenames - {permission.codename for permission in wanted}
        if missing:
            raise LookupError(f"role {role} names unknown permissions: {', '.join(sorted(missing))}")
        before = group.permissions.filter(content_type__app_label=application)
        group.permissions.remove(*before.exclude(pk__in=wanted))
        group.permissions.add(*wanted)


def roles_of(user: User) -> list[str]:
    """Return the roles of a user, in the order of ROLE_PERMISSIONS."""
    names = set(user.groups.values_list("name", flat=True))
    return [role for role in ROLE_PERMISSIONS if role in names]


def user_roles_set(*, user: User, roles: Iterable[str], by: User | None) -> None:
    """Give a user exactly these roles, which also decide whether the user may enter the admin.

    Raises PermissionDenied when `by` may not manage users, or not this account, or would take the role Admin from
    themselves (so that nobody locks everybody out by mistake).
    """
    require_permission(by, "classifier.change_user")
    chosen = set(roles)
    unknown = chosen - set(ROLE_PERMISSIONS)
    if unknown:
        raise LookupError(f"unknown roles: {', '.join(sorted(unknown))}")
    require_reach(by, user)
    oneself = by is not None and not by.is_superuser and by.pk == user.pk
    if oneself and ADMIN in roles_of(user) and ADMIN not in chosen:
        raise PermissionDenied("You cannot take the role Admin from yourself.")
    before = roles_of(user)
    with transaction.atomic():
        user.groups.set(Group.objects.filter(name__in=chosen))
        if set(before) != chosen:
            data = {"before": before, "after": [role for role in ROLE_PERMISSIONS if role in chosen]}
            audit_record(verb="person.roles", by=by, subject=user.get_username(), data=data)
        User.objects.filter(pk=user.pk).update(is_staff=user.is_superuser or bool(chosen & STAFF_ROLES))
    user.refresh_from_db(fields=["is_staff"])


def ensure_after_migrate(sender: Any, **kwargs: Any) -> None:
    """Receive an application's post_migrate signal; do nothing while its permissions do not exist yet."""
    ContentType.objects.clear_cache()
    known = Permission.objects.filter(content_type__app_label=sender.label).exists()
    if known:
        roles_ensure(sender.label)
