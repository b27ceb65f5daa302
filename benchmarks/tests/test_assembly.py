"""`python -m benchmarks assembly`: each set of models is measured in a process of its own."""

from argparse import ArgumentParser
from pathlib import Path

from benchmarks import assembly
from classifier.tests.tiny_artifact import tiny_artifact


def test_it_measures_each_model_and_both(tmp_path: Path) -> None:
    parser = ArgumentParser()
    assembly.add_arguments(parser)
    options = parser.parse_args([])
    options.model = tiny_artifact(tmp_path / "one", seed=1)
    options.multilingual = tiny_artifact(tmp_path / "many", seed=2, name="many", languages=("de",))
    options.data, options.text_column, options.assembly_texts = None, "text", 20
    one, many, both = assembly.run(options)
    assert [one.passed, many.passed] == [None, None]
    assert both.passed is not None
    assert both.passed == (float(both.values["MiB at the peak"]) <= assembly.BAR_MIB)
    assert float(both.values["texts/s"]) > 0
    options.multilingual = tmp_path / "none"
    assert assembly.run(options) == []
