"""Where compared versions differ: their right answers by kind of comment, and their metrics by source of the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.ml.evaluation.slices import MEAN_OF_SOURCES, SOURCE
from training.ml.evaluation.stored import UNKNOWN, Estimate, Functionality, Slice, StoredReport, SuiteReport
from training.web.formatting import METRIC_OF

SOURCE_COLUMNS = tuple(METRIC_OF[key] for key in ("roc_auc", "f1", "precision", "recall"))


@dataclass(frozen=True)
class SuiteTable:
    """One suite: `columns` names the versions, `rows` has each kind with a cell of every version, the weakest first."""

    name: str
    columns: list[str]
    reports: list[SuiteReport]
    rows: list[tuple[str, list[Functionality]]]


@dataclass(frozen=True)
class SourceRow:
    """One source of the test rows; `cells` has the metrics of SOURCE_COLUMNS of every version."""

    name: str
    rows: int | None
    positives: int | None
    small: bool
    cells: list[list[Estimate]]


def suite_tables(reports: Mapping[str, StoredReport]) -> list[SuiteTable]:
    """Return a table of each suite that any of the versions was run on; `reports` are by title, in their order."""
    by_suite: dict[str, dict[str, SuiteReport]] = {}
    for title, report in reports.items():
        for suite in report.suites:
            if suite.accuracy is not None:
                by_suite.setdefault(suite.name, {})[title] = suite
    return [_suite_table(name, suites) for name, suites in by_suite.items()]


def _suite_table(name: str, suites: Mapping[str, SuiteReport]) -> SuiteTable:
    kinds = dict.fromkeys(part.name for suite in suites.values() for part in suite.by_functionality)
    rows = [(kind, [suite.functionality(kind) for suite in suites.values()]) for kind in kinds]
    return SuiteTable(
        name, list(suites), list(suites.values()), sorted(rows, key=lambda row: (_weakest(row[1]), row[0]))
    )


def _weakest(cells: Sequence[Functionality]) -> float:
    """Return the smallest share of right answers; what nobody measured comes last."""
    return min((cell.accuracy for cell in cells if cell.accuracy is not None), default=2.0)


def source_rows(reports: Sequence[StoredReport]) -> list[SourceRow]:
    """Return the metrics by source of versions that were measured on the same rows, the mean over sources last."""
    parts = [{part.name: part for part in report.slices if part.kind == SOURCE} for report in reports]
    names = dict.fromkeys(name for known in parts for name in known)
    rows = []
    for name in sorted(names, key=lambda name: (name == MEAN_OF_SOURCES, name)):
        cells = [known.get(name, Slice()) for known in parts]
        first = next(cell for cell in cells if cell.name)
        metrics = [[cell.metrics.get(metric.key, UNKNOWN) for metric in SOURCE_COLUMNS] for cell in cells]
        rows.append(SourceRow(name, first.rows, first.positives, first.small, metrics))
    return rows
