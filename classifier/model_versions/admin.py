"""Model versions in the administration: what they are, which one is active, and changing that with a reason."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldBooleanWidget

from classifier.admin_tools.actions import ReasonForm, confirmed, permission_check
from classifier.admin_tools.columns import choice_badge, column
from classifier.admin_tools.read_only import HistoryInline, ReadOnlyAdmin
from classifier.model_versions.promotion_gate import GateVerdict, gate_check
from classifier.model_versions.services import (
    model_version_activate,
    model_version_before_active,
    model_version_roll_back,
)
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.models import ModelVersion, ModelVersionEvent, ModelVersionStatus, User
from classifier.scoring.heartbeat import workers
from classifier.web.formatting import language_title


class OverrideForm(ReasonForm):
    """Shown when the quality gate is closed: the reason then has to say why it is overridden."""

    override = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanWidget(),
        label="Override the quality gate",
        help_text="The history keeps your reason and the findings of the gate.",
    )


class ModelVersionEventInline(HistoryInline):
    model = ModelVersionEvent
    fields = [*HistoryInline.fields, "gate_result"]

    @display(description="Quality gate")
    def gate_result(self, event: ModelVersionEvent) -> str:
        if event.gate is None:
            return "-"
        return "Passed" if event.gate.get("passed") else "Overridden"


def threshold_of(version: ModelVersion) -> str:
    return f"{version.primary_label} ≥ {version.threshold:.3f}"


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = [
        *("version", "status_badge", "decision_threshold", "roc_auc", "running", "is_shadow"),
        *("created_at", "activated_at"),
    ]
    search_fields = ["version", "name"]
    inlines = [ModelVersionEventInline]
    actions_list = ["roll_back"]
    actions_detail = ["activate", "shadow"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("version", "name", "status_badge", "running", "trouble", "is_shadow"),
                    *("created_at", "activated_at"),
                ]
            },
        ),
        ("Decision", {"fields": ["labels", "primary_label", "decision_threshold", "known_languages"]}),
        ("Artifact", {"fields": ["directory", "sha256", "manifest_text"]}),
    ]
    has_activate_permission = permission_check("classifier.activate_modelversion")

    status_badge = choice_badge("status", ModelVersionStatus)
    decision_threshold = column("Threshold", threshold_of)

    @display(description="Languages it knows")
    def known_languages(self, version: ModelVersion) -> str:
        return (
            ", ".join(map(language_title, version.languages))
            or "not stated: texts in any language are judged"
        )

    @display(description="Test ROC-AUC")
    def roc_auc(self, version: ModelVersion) -> str:
        tested = version.metrics.get("test") or {}
        value = (tested.get(version.primary_label) or {}).get("roc_auc")
        return f"{value:.4f}" if isinstance(value, float) else "-"

    @display(description="Workers running it")
    def running(self, version: ModelVersion) -> int:
        return sum(version.version in {status.model_version, *status.versions} for status in workers())

    @display(description="Why workers cannot load it")
    def trouble(self, version: ModelVersion) -> str:
        failing = (status for status in workers() if status.broken == version.version)
        return next((f"{status.problem or status.notice} {status.detail}" for status in failing), "-")

    @display(description="Manifest")
    def manifest_text(self, version: ModelVersion) -> SafeString:
        return format_html('<pre class="manifest">{}</pre>', json.dumps(version.manifest, indent=2))

    @action(description="Activate", url_path="activate", permissions=["activate"], icon="rocket_launch")
    def activate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version: ModelVersion = self.get_row(request, object_id)
        back = self.address_of(version)
        if version.is_active:
            messages.info(request, f"{version} is the active version already.")
            return HttpResponseRedirect(back)
        return self._put_into_production(
            request,
            version,
            title=f"Activate {version}",
            button="Activate",
            back=back,
            gate=gate_check(version),
            do=lambda data: model_version_activate(
                model_version=version,
                by=cast(User, request.user),
                reason=data["reason"],
                override_reason=data["reason"] if data.get("override") else "",
            ),
        )

    @action(description="Roll back", url_path="roll-back", permissions=["activate"], icon="undo")
    def roll_back(self, request: HttpRequest) -> HttpResponse:
        back = self.address_of(None)
        target = model_version_before_active()
        if target is None:
            messages.info(request, "No other version was in production before the active one.")
            return HttpResponseRedirect(back)
        return self._put_into_production(
            request,
            target,
            title=f"Roll back to {target}",
            button="Roll back",
            back=back,
            do=lambda data: model_version_roll_back(by=cast(User, request.user), reason=data["reason"]),
        )

    def _put_into_production(
        self,
        request: HttpRequest,
        version: ModelVersion,
        *,
        title: str,
        button: str,
        back: str,
        do: Callable[[Mapping[str, Any]], Any],
        gate: GateVerdict | None = None,
    ) -> HttpResponse:
        """Ask for a reason, and for an override where the gate is closed, then do it."""
        closed = gate is not None and not gate.passed
        return confirmed(
            self,
            request,
            title=title,
            button=button,
            explanation="Workers load it within seconds. Verdicts that exist keep the version that made them.",
            back=back,
            do=do,
            done=f"{version} is in production; workers load it within seconds.",
            facts=[
                ("In production now", str(ModelVersion.objects.active() or "no version")),
                ("In production afterwards", f"{version} ({threshold_of(version)})"),
            ],
            form=(OverrideForm if closed else ReasonForm)(request.POST or None),
            notes=[] if gate is None else [*gate.reasons, *gate.satisfied, *gate.unchecked],
            notes_title=(
                "The quality gate blocks this version" if closed else "The version passed the quality gate"
            ),
        )

    @action(description="Shadow mode", url_path="shadow", permissions=["activate"], icon="visibility")
    def shadow(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the version score live traffic silently, or end that."""
        version: ModelVersion = self.get_row(request, object_id)
        back = self.address_of(version)
        if version.is_active:
            messages.info(request, f"{version} is in production; it cannot run in shadow mode.")
            return HttpResponseRedirect(back)
        verb, word = (shadow_stop, "Stop") if version.is_shadow else (shadow_start, "Start")
        return confirmed(
            self,
            request,
            title=f"{word} shadow mode for {version}",
            button=word,
            explanation="In shadow mode a version scores the same comments after their verdict, without any effect.",
            back=back,
            do=lambda data: verb(model_version=version, by=cast(User, request.user), reason=data["reason"]),
            done=f"{version} {'no longer scores' if version.is_shadow else 'scores'} live traffic.",
            form=ReasonForm(request.POST or None),
        )
