"""The results page and the README's part of it, as Markdown made of the recorded runs: the same runs, the same page."""

from collections.abc import Sequence

from training.ml.results.runs import RecordedRun, comparison_table, judge, short_table

GROUPS = {
    "subset": (
        "The comparison",
        "Every encoder of this table learned from the same rows, TF-IDF from the whole training set; all are measured "
        "on the same test rows.",
    ),
    "seed-as-coded": (
        "The published experiment, repeated",
        "The experiment as its code ran it: 2,000 rows, 64 wordpieces, five epochs, a teacher that was never "
        "fine-tuned, layers counted from 0, and a LoRA whose classifier stayed random and frozen.",
    ),
    "seed-done-right": (
        "The published experiment, corrected",
        "As many rows and epochs, with each flaw corrected: a fine-tuned teacher, layers as the table names them, 128 "
        "wordpieces, and a LoRA whose classifier learns. The difference to the table above is the cost of the flaws.",
    ),
    "starter": (
        "The shipped starter model",
        "Made by `make starter` from 45,906 rows, measured in the same way.",
    ),
}
SEED = [
    "Published: odd layers 93.16 %, even layers 93.68 %, LoRA 80.76 % accuracy; teacher 109,483,778 parameters, "
    "student 66,956,546.",
    "The published accuracy is the mean over five epochs on 500 validation rows; always answering non-toxic has about "
    "90 % there. Here: all test rows, with F1, areas, calibration and intervals beside accuracy, and `majority` in the "
    "table.",
    "Its teacher was never fine-tuned, so its logits carried no knowledge of the task. Here it is.",
    "Its code counted layers from 0: what it called even is {1, 3, …, 11}, the odd layers of this page, and what it "
    "called odd begins with layer 12. The `as coded` lines keep that.",
    "Its LoRA ran as `CAUSAL_LM`, which leaves the classifier random and frozen: the adapters alone cannot move it "
    "from always answering non-toxic. Here `SEQ_CLS` trains it.",
    "Its 61.15 % reduction is what remains of the parameters; the reduction is 38.84 %.",
]
COLUMNS = [
    ("ROC-AUC", "the chance that a toxic comment scores above a harmless one; needs no threshold"),
    (
        "F1, precision, recall",
        "at the threshold chosen on validation: precision is the share of flagged comments that are toxic, recall the "
        "share of toxic comments that are flagged, F1 their harmonic mean",
    ),
    (
        "accuracy",
        "the share of right answers; always answering non-toxic already has the accuracy of `majority`",
    ),
    ("PR-AUC", "precision averaged over recall; falls with rare labels, so compare it within one table only"),
    (
        "ECE",
        "how far probabilities lie from frequencies on average (0: a score of 0.8 is right 80 % of the time)",
    ),
    ("parameters, trained", "weights that are stored, and how many of them the run changed"),
    (
        "MB, p50 ms, texts/s",
        "size on disk; one text at a time, and many, through the engine that serves them",
    ),
]
BEGIN, END = "<!-- results: made by `make results` -->", "<!-- end of results -->"


def results_page(runs: Sequence[RecordedRun], plots: Sequence[tuple[str, str]]) -> str:
    """Return the whole page; `plots` are (file name, sentence)."""
    parts = [
        "# Results",
        "Made by `make results` from the recorded runs in `training/results/recorded/`; each line is a run of the "
        "product itself. Brackets hold 95 % bootstrap intervals over the test rows.",
        measured_on(runs),
        "## Bars",
        "\n".join(f"- {'met' if bar.passed else '**missed**'}: {bar.sentence}" for bar in judge(runs)),
    ]
    for group, (title, sentence) in GROUPS.items():
        these = [run for run in runs if run.group == group]
        if these:
            parts += [f"## {title}", sentence, comparison_table(these)]
        if group == "subset" and these:
            parts += [f"![{sentence}](plots/{file})\n\n{sentence}" for file, sentence in plots]
    parts += [
        "## What was published, and what was wrong in it",
        "\n".join(f"- {fact}" for fact in SEED),
        "## What each column means",
        "\n".join(f"- **{name}**: {meaning}." for name, meaning in COLUMNS),
        "## What it cost",
        cost_table(runs),
        "What was tried and did not work stands in [LOG.md](LOG.md).",
    ]
    return "\n\n".join(parts) + "\n"


def readme_part(runs: Sequence[RecordedRun]) -> str:
    """Return what stands between the README's two marks."""
    these = [run for run in runs if run.group == "subset"]
    return "\n\n".join([BEGIN, measured_on(runs), short_table(these), END])


def replace_part(text: str, part: str) -> str:
    """Return `text` with what stands between the marks replaced. Raises ValueError without marks."""
    before, begin_mark, rest = text.partition(BEGIN)
    _, end_mark, after = rest.partition(END)
    if not begin_mark or not end_mark:
        raise ValueError(f"the text lacks the marks {BEGIN} and {END}")
    return before + part + after


def measured_on(runs: Sequence[RecordedRun]) -> str:
    """Return the sentence that says rows, test rows, machine and versions."""
    teacher = next((run for run in runs if run.name == "teacher"), None)
    if teacher is None:
        return ""
    provenance = teacher.card["provenance"]
    data, hardware, packages = provenance["data"], provenance["hardware"], provenance["packages"]
    rows, positive = int(data["train_rows"]), int(data["train_positive_rows"])
    gpu = hardware.get("gpu")
    where = gpu or f"{hardware['cores']} CPU cores ({hardware['cpu']})"
    return (
        f"Learned from {rows:,} rows of the {int(data['train_rows_available']):,} ({positive:,} with a label, cut at "
        f"{provenance['config']['data']['max_length']} wordpieces), thresholds and calibration from "
        f"{int(data['validation_rows']):,} validation rows, measured on {int(teacher.report['rows']):,} test rows "
        f"weighted to the official prior. {where}, torch {packages['torch']}, transformers {packages['transformers']}."
    )


def cost_table(runs: Sequence[RecordedRun]) -> str:
    """Return the Markdown table of rows seen, wordpieces, minutes and memory."""
    lines = [
        "| run | steps | rows seen | wordpieces | minutes | MiB at most | precision |",
        "|---|---|---|---|---|---|---|",
    ]
    for run in runs:
        provenance = run.card.get("provenance") or {}
        loop = provenance.get("loop") or {}
        if not loop:
            continue
        lines.append(
            f"| {run.title} | {int(loop['steps']):,} | {int(loop['rows']):,} | {int(loop['tokens']):,} | "
            f"{float(provenance['duration_seconds']) / 60:.1f} | {int(provenance['peak_memory_mib']):,} | "
            f"{loop['precision']} |"
        )
    return "\n".join(lines)
