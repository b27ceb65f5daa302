"""A suite whose cases name languages, by functionality and language at once."""

from dataclasses import dataclass

from classifier.web.formatting import language_title
from training.ml.evaluation.stored import Counted, SuiteReport


@dataclass(frozen=True)
class Matrix:
    """Right answers by functionality (rows) and language (columns); None where a functionality has no case in one."""

    languages: list[str]
    rows: list[tuple[str, list[Counted | None]]]


def suite_matrix(report: SuiteReport) -> Matrix | None:
    """Return the table of a report, the weakest functionality first; None where its cases name no language."""
    tags = sorted({tag for part in report.by_functionality for tag in part.languages})
    if not tags:
        return None
    rows = [(part.name, [part.languages.get(tag) for tag in tags]) for part in report.by_functionality]
    return Matrix([language_title(tag) for tag in tags], rows)
