"""Predictions: what each model version said, to be looked at only."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from classifier.admin_tools.base import ReadOnlyAdmin, badge
from classifier.models import Prediction, Verdict


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    source_path = "comment__source"
    list_display = [
        "id",
        "comment",
        "verdict_badge",
        "probability",
        "cut",
        "model_version",
        "created_at",
    ]
    list_filter = [("verdict", ChoicesDropdownFilter), ("model_version", RelatedDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["comment", "model_version"]
    fields = [
        "comment",
        "verdict_badge",
        "label_scores",
        "cut",
        "windows",
        "model_version",
        "created_at",
    ]
    readonly_fields = ["verdict_badge", "label_scores", "cut"]

    @display(description="Verdict", ordering="verdict")
    def verdict_badge(self, prediction: Prediction) -> SafeString:
        verdict = Verdict(prediction.verdict)
        return badge(verdict.label, verdict.colour)

    @display(description="Probability", ordering="score")
    def probability(self, prediction: Prediction) -> str:
        return f"{prediction.score:.3f}"

    @display(description="Threshold", ordering="threshold")
    def cut(self, prediction: Prediction) -> str:
        return f"{prediction.threshold:.3f}"

    @display(description="Probabilities")
    def label_scores(self, prediction: Prediction) -> SafeString:
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td><meter min="0" max="1" value="{}"></meter></td><td>{}</td></tr>',
            (
                (label.replace("_", " "), f"{score:.4f}", f"{score:.3f}")
                for label, score in prediction.scores.items()
            ),
        )
        return format_html('<table class="scores">{}</table>', rows)
