"""The results page's pictures: ROC and precision-recall overlaid, quality against cost, metrics with intervals.

SVG on a light ground in the colours of Okabe and Ito (2008), which people who confuse red and green tell apart; lines
differ in dashes too, and points carry names. The same reports give the same bytes.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Reports = Mapping[str, Mapping[str, Any]]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", ":", "-.")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
NAMES = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "f1": "F1", "accuracy": "accuracy", "ece": "ECE"}
COSTS = {
    "latency_ms_p50": ("one text at a time, p50 in ms", "speed", 1.0),
    "bytes": ("size on disk in MB", "size", 1e6),
}


def draw_plots(reports: "Reports", folder: Path, label: str | None = None) -> list[tuple[str, str]]:
    """Write every picture that the reports ({title: report as a dict}) have numbers for into `folder`.

    `label` is the first report's first label unless given. The majority baseline is left out: it would press all the
    others into one corner. Returns (file name, sentence) of each picture written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reports = {title: report for title, report in reports.items() if report.get("version") != "majority"}
    if not reports:
        return []
    label = label or str(next(iter(reports.values()))["labels"][0])
    written = [
        (
            "intervals.svg",
            f"ROC-AUC and F1 of {label} with 95 % bootstrap intervals.",
            metric_intervals(reports, label, ("roc_auc", "f1"), folder / "intervals.svg"),
        ),
        (
            "curves.svg",
            f"ROC and precision-recall curves of {label}; each name carries its area.",
            curves_overlaid(reports, label, folder / "curves.svg"),
        ),
    ]
    for cost, file, words in (
        ("latency_ms_p50", "quality-latency.svg", "the time for one text"),
        ("bytes", "quality-size.svg", "size on disk"),
    ):
        sentence = f"ROC-AUC of {label} against {words}; the line joins what nothing else beats in both."
        written.append((file, sentence, quality_against_cost(reports, label, cost, folder / file)))
    return [(file, sentence) for file, sentence, done in written if done]


def curves_overlaid(reports: "Reports", label: str, path: Path) -> bool:
    """Draw ROC and precision-recall of one label side by side; False when no report has curves."""
    shown = {
        title: report for title, report in reports.items() if (report["curves"].get(label) or {}).get("roc")
    }
    if not shown:
        return False
    figure = _figure(10, 4.6)
    left, right = figure.subplots(1, 2)
    for (title, report), (dash, colour) in zip(shown.items(), cycle(product(DASHES, COLOURS)), strict=False):
        for axes, curve, metric in ((left, "roc", "roc_auc"), (right, "pr", "pr_auc")):
            x, y = zip(*report["curves"][label][curve], strict=True)
            area = _value(report, label, metric)
            named = title if area is None else f"{title} ({area:.4f})"
            axes.plot(x, y, dash, color=colour, linewidth=1.5, label=named)
    left.set(
        xlabel="share of harmless comments flagged", ylabel="share of toxic comments flagged", title="ROC"
    )
    right.set(xlabel="recall", ylabel="precision", title="Precision and recall")
    left.set_xlim(0, 0.3)
    left.set_ylim(0.5, 1.005)
    left.legend(loc="lower right", fontsize=8)
    right.legend(loc="lower left", fontsize=8)
    _save(figure, path)
    return True


def metric_intervals(reports: "Reports", label: str, metrics: Sequence[str], path: Path) -> bool:
    """Draw a row for each report with the metric's value and its interval; False when no report knows the label."""
    shown = [
        (title, report)
        for title, report in reports.items()
        if all(_value(report, label, metric) is not None for metric in metrics)
    ]
    if not shown:
        return False
    figure = _figure(10, 1.4 + 0.34 * len(shown))
    rows = list(range(len(shown)))[::-1]
    for column, (axes, metric) in enumerate(zip(_row(figure, len(metrics)), metrics, strict=True)):
        estimates = [report["metrics"][label][metric] for _, report in shown]
        for row, estimate in zip(rows, estimates, strict=True):
            if estimate.get("low") is not None and estimate.get("high") is not None:
                axes.plot([estimate["low"], estimate["high"]], [row, row], color=COLOURS[0], linewidth=2)
            axes.plot([estimate["value"]], [row], "o", color=COLOURS[1], markersize=5)
        axes.set_yticks(rows, [title for title, _ in shown] if column == 0 else [""] * len(rows))
        axes.set_xlabel(NAMES.get(metric, metric))
        axes.margins(y=0.08)
    _save(figure, path)
    return True


def quality_against_cost(
    reports: "Reports", label: str, cost: str, path: Path, metric: str = "roc_auc"
) -> bool:
    """Draw the metric against a cost (a key of COSTS) on a logarithmic axis; False with fewer than two points."""
    words, part, unit = COSTS[cost]
    points = []
    for title, report in reports.items():
        price, quality = (report.get(part) or {}).get(cost), _value(report, label, metric)
        if price and quality is not None:
            points.append((float(price) / unit, quality, title))
    if len(points) < 2:
        return False
    figure = _figure(7, 4.6)
    axes = figure.subplots()
    best = pareto_front([(x, y) for x, y, _ in points])
    line = sorted(points[i][:2] for i in best)
    axes.plot(*zip(*line, strict=True), color="#888888", linewidth=1, drawstyle="steps-post", zorder=1)
    for index, ((x, y, title), mark, colour) in enumerate(
        zip(points, cycle(MARKS), cycle(COLOURS), strict=False)
    ):
        filled = colour if index in best else "white"
        axes.plot([x], [y], mark, color=colour, markerfacecolor=filled, markersize=8, linestyle="none")
        axes.annotate(title, (x, y), xytext=(7, 4), textcoords="offset points", fontsize=8)
    axes.set_xscale("log")
    axes.set(xlabel=words, ylabel=f"{NAMES.get(metric, metric)} of {label}")
    axes.margins(x=0.25, y=0.1)
    _save(figure, path)
    return True


def pareto_front(points: Sequence[tuple[float, float]]) -> set[int]:
    """Return the places of (cost, quality) points of which no other is at most as dear and at least as good, and
    better in one of the two."""
    return {
        i
        for i, (cost, quality) in enumerate(points)
        if not any(c <= cost and q >= quality and (c < cost or q > quality) for c, q in points)
    }


def _value(report: Mapping[str, Any], label: str, metric: str) -> float | None:
    value = ((report["metrics"].get(label) or {}).get(metric) or {}).get("value")
    return None if value is None else float(value)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _row(figure: "Figure", count: int) -> list["Axes"]:
    grid = figure.subplots(1, count, squeeze=False)
    return list(grid[0])


def _save(figure: "Figure", path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    for axes in figure.axes:
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    with mpl.rc_context({"svg.hashsalt": "toxicsite", "svg.fonttype": "path"}):
        FigureCanvasSVG(figure)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
