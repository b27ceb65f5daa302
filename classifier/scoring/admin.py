"""Predictions in the administration: what each model version answered."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from classifier.admin_tools.columns import choice_badge, column
from classifier.admin_tools.read_only import ReadOnlyAdmin
from classifier.models import Prediction, Verdict


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    source_path = "comment__source"
    list_display = ["id", "comment", "verdict_badge", "probability", "cut", "model_version", "created_at"]
    list_filter = ["verdict", "language", "language_supported", "is_concern", "model_version"]
    fields = [
        *("comment", "verdict_badge", "label_scores", "cut", "windows", "language", "language_supported"),
        *("concern_score", "is_concern", "model_version", "created_at"),
    ]

    verdict_badge = choice_badge("verdict", Verdict)
    probability = column("Probability", "score", spec=".3f")
    cut = column("Threshold", "threshold", spec=".3f")

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
