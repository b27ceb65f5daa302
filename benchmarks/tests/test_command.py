"""`python -m benchmarks`: the options of all benchmarks go together."""

import pytest

from benchmarks.__main__ import main


def test_the_options_of_all_benchmarks_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--label-column" in capsys.readouterr().out


def test_an_unknown_benchmark_is_refused_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["weather"])
    assert "no benchmark is called weather; there are " in capsys.readouterr().err
