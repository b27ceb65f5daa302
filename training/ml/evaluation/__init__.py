"""What a version is worth: metrics with intervals, comparisons, curves, slices, mistakes, suites, size and speed."""

from training.ml.evaluation.compare import Rival, answers_of, load_rival
from training.ml.evaluation.report import Report
from training.ml.evaluation.run import evaluate, measure_subject

__all__ = ["Report", "Rival", "answers_of", "evaluate", "load_rival", "measure_subject"]
