"""Model versions: what they are, which one is in production, and changing that with a reason."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldBooleanWidget

from classifier.admin_tools.base import ReadOnlyAdmin, ReadOnlyInline, ReasonForm, ask, badge
from classifier.model_versions.promotion_gate import GateVerdict, gate_check
from classifier.model_versions.services import (
    model_version_activate,
    model_version_before_active,
    model_version_roll_back,
)
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.models import ModelVersion, ModelVersionEvent, ModelVersionStatus
from classifier.scoring.heartbeat import workers
from classifier.web.refusals import NOTHING_CHANGED, refusals_shown


class OverrideForm(ReasonForm):
    """Shown when the quality gate is closed: the reason then has to say why it is overridden."""

    override = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanWidget(),
        label="Override the quality gate",
        help_text="The history keeps your reason and the findings of the gate.",
    )


class ModelVersionEventInline(ReadOnlyInline):
    model = ModelVersionEvent
    verbose_name_plural = "history, newest first"
    fields = readonly_fields = ["created_at", "old", "new", "actor", "reason", "gate_said"]

    @display(description="Quality gate")
    def gate_said(self, event: ModelVersionEvent) -> str:
        if event.gate is None:
            return "-"
        return "Passed" if event.gate.get("passed") else "Overridden"


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = [
        "version",
        "status_badge",
        "decision_threshold",
        "roc_auc",
        "running",
        "is_shadow",
        "created_at",
        "activated_at",
    ]
    list_display_links = ["version"]
    search_fields = ["version", "name"]
    inlines = [ModelVersionEventInline]
    actions_list = ["roll_back"]
    actions_detail = ["activate", "shadow"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "version",
                    "name",
                    "status_badge",
                    "running",
                    "trouble",
                    "is_shadow",
                    "created_at",
                    "activated_at",
                ]
            },
        ),
        ("Decision", {"fields": ["labels", "primary_label", "decision_threshold"]}),
        ("Artifact", {"fields": ["directory", "sha256", "manifest_text"]}),
    ]
    readonly_fields = ["status_badge", "running", "trouble", "decision_threshold", "manifest_text"]

    @display(description="Status", ordering="status")
    def status_badge(self, version: ModelVersion) -> SafeString:
        status = ModelVersionStatus(version.status)
        return badge(status.label, status.colour)

    @display(description="Threshold")
    def decision_threshold(self, version: ModelVersion) -> str:
        return f"{version.primary_label} ≥ {version.threshold:.3f}"

    @display(description="Test ROC-AUC")
    def roc_auc(self, version: ModelVersion) -> str:
        tested = version.metrics.get("test") or {}
        value = (tested.get(version.primary_label) or {}).get("roc_auc")
        return f"{value:.4f}" if isinstance(value, float) else "-"

    @display(description="Workers running it")
    def running(self, version: ModelVersion) -> int:
        return sum(status.model_version == version.version for status in workers())

    @display(description="Why workers cannot load it")
    def trouble(self, version: ModelVersion) -> str:
        told = (status for status in workers() if status.broken == version.version)
        return next((f"{status.problem or status.notice} {status.detail}" for status in told), "-")

    @display(description="Manifest")
    def manifest_text(self, version: ModelVersion) -> SafeString:
        return format_html('<pre class="manifest">{}</pre>', json.dumps(version.manifest, indent=2))

    # By method and not by name: the theme looks names up in the database already when it checks the code, and
    # so before the first migration.
    def has_activate_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("classifier.activate_modelversion")

    @action(description="Activate", url_path="activate", permissions=["activate"], icon="rocket_launch")
    def activate(self, request: HttpRequest, object_id: int) -> HttpResponse:
        version = get_object_or_404(ModelVersion, pk=object_id)
        back = reverse("admin:classifier_modelversion_change", args=[version.pk])
        if version.is_active:
            messages.info(request, f"{version} is the active version already.")
            return HttpResponseRedirect(back)
        gate = gate_check(version)
        return self._confirmed(
            request,
            title=f"Activate {version}",
            button="Activate",
            replacement=version,
            back=back,
            gate=gate,
            verb=lambda data: model_version_activate(
                model_version=version,
                by=request.user,  # type: ignore[arg-type]
                reason=data["reason"],
                override_reason=data["reason"] if data.get("override") else "",
            ),
        )

    @action(description="Shadow mode", url_path="shadow", permissions=["activate"], icon="visibility")
    def shadow(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Let the version score live traffic silently, or end that."""
        version = get_object_or_404(ModelVersion, pk=object_id)
        back = reverse("admin:classifier_modelversion_change", args=[version.pk])
        if version.is_active:
            messages.info(request, f"{version} is in production; it cannot run in shadow mode.")
            return HttpResponseRedirect(back)
        verb, word = (shadow_stop, "Stop") if version.is_shadow else (shadow_start, "Start")
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            with refusals_shown(request, NOTHING_CHANGED):
                verb(model_version=version, by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
                messages.success(
                    request,
                    f"{version} {'scores' if version.is_shadow else 'no longer scores'} live traffic.",
                )
            return HttpResponseRedirect(back)
        return ask(
            self,
            request,
            title=f"{word} shadow mode for {version}",
            verb=word,
            explanation="In shadow mode a version scores the same comments after their verdict, without any effect.",
            back=back,
            form=form,
        )

    @action(description="Roll back", url_path="roll-back", permissions=["activate"], icon="undo")
    def roll_back(self, request: HttpRequest) -> HttpResponse:
        back = reverse("admin:classifier_modelversion_changelist")
        target = model_version_before_active()
        if target is None:
            messages.info(request, "No other version was in production before the active one.")
            return HttpResponseRedirect(back)
        return self._confirmed(
            request,
            title=f"Roll back to {target}",
            button="Roll back",
            replacement=target,
            back=back,
            verb=lambda data: model_version_roll_back(by=request.user, reason=data["reason"]),  # type: ignore[arg-type]
        )

    def _confirmed(
        self,
        request: HttpRequest,
        *,
        title: str,
        button: str,
        replacement: ModelVersion,
        back: str,
        verb: Any,
        gate: GateVerdict | None = None,
    ) -> HttpResponse:
        """Ask for a reason, then do it; what the gate or the service refuses is said in its own words."""
        closed = gate is not None and not gate.passed
        form = (OverrideForm if closed else ReasonForm)(request.POST or None)
        if request.method == "POST" and form.is_valid():
            with refusals_shown(request, NOTHING_CHANGED):
                verb(form.cleaned_data)
                messages.success(request, f"{replacement} is in production; workers load it within seconds.")
            return HttpResponseRedirect(back)
        active = ModelVersion.objects.active()
        return ask(
            self,
            request,
            title=title,
            verb=button,
            explanation="Workers load it within seconds. Verdicts that exist keep the version that made them.",
            back=back,
            facts=[
                ("In production now", str(active or "no version")),
                ("In production afterwards", f"{replacement} ({self.decision_threshold(replacement)})"),
            ],
            form=form,
            notes=[] if gate is None else [*gate.reasons, *gate.satisfied, *gate.unchecked],
            notes_title="The quality gate blocks this version"
            if closed
            else "The version passed the quality gate",
        )
