"""The model card of an artifact, made from its manifest: what it is, what it was taught, how good, where it fails."""

from typing import Any

COLUMNS = (
    ("roc_auc", "ROC-AUC"),
    ("pr_auc", "PR-AUC"),
    ("accuracy", "accuracy"),
    ("f1", "F1"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("ece", "ECE"),
)


def model_card(manifest: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    architecture, provenance = manifest["architecture"], manifest["provenance"]
    data = provenance.get("data", {})
    made = (
        f"A {architecture['layers']}-layer {architecture['class']} with {manifest['parameters']:,} parameters, "
        f"stored as fp16 safetensors."
    )
    if architecture.get("teacher_layers_taken"):
        taken = ", ".join(str(n) for n in architecture["teacher_layers_taken"])
        made += f" It was made of layers {taken} (counted from 1) of a fine-tuned teacher and taught by its logits."
    parts = [
        f"# {manifest['version']}",
        made,
        f"Labels: {', '.join(manifest['labels'])}. A text is called toxic when P({manifest['primary_label']}) is at "
        f"least {manifest['thresholds'][manifest['primary_label']]:.3f}, the "
        "highest threshold whose F1 on validation is within one standard error of the best.",
        "## Data",
        f"{data.get('train_rows', 0):,} rows ({data.get('train_positive_rows', 0):,} with a label, "
        f"{data.get('train_tokens', 0):,} wordpieces) of {data.get('train_rows_available', 0):,} available; "
        f"{data.get('validation_rows', 0):,} validation rows for calibration and thresholds. {manifest['attribution']}",
        "## Metrics",
        "Measured as served, at the thresholds above, row weights of the data honoured. A label is listed where the "
        "rows know it; `macro` is the plain mean over labels. The thresholds were chosen on `validation`.",
    ]
    for name, metrics in manifest["metrics"].items():
        if isinstance(metrics, dict) and all(isinstance(value, dict) for value in metrics.values()):
            parts += [f"### {name}", metric_table(metrics)]
    parts += [
        "## Limits",
        "English Wikipedia talk pages of 2004 to 2015 are what it has seen: other languages, newer slang, coded "
        "language, sarcasm and context between comments are beyond it. Toxicity datasets carry their annotators' bias; "
        "texts that name an identity may score higher than they should. It is meant to sort comments for people who "
        "decide, not to decide about people.",
        "## Provenance",
        f"Recipe `{provenance['recipe']}`, made {manifest['created']}, commit `{provenance.get('commit', 'unknown')}`, "
        f"{provenance.get('duration_seconds', 0):,.0f} s on {provenance.get('hardware', {}).get('cpu', 'unknown')}. "
        "Configuration, fingerprints, package versions and calibration are in `manifest.json`.",
        f"Licence of the weights: {manifest['license']}.",
    ]
    return "\n\n".join(parts) + "\n"


def metric_table(metrics: dict[str, dict[str, float]]) -> str:
    """Return a Markdown table of metrics by label; a missing number is a dash."""
    rows = [
        "| label | " + " | ".join(title for _, title in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for label, values in metrics.items():
        cells = (f"{values[key]:.4f}" if key in values else "-" for key, _ in COLUMNS)
        rows.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(rows)
