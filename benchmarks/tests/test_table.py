"""The printed table holds every column once and marks what misses its bar."""

from benchmarks.core import Row, machine, table


def test_rows_with_different_columns_share_one_table() -> None:
    lines = table(
        [Row("a", {"x": "1"}, True), Row("b", {"y": "2"}, False), Row("c", {"x": "3"})]
    ).splitlines()
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == ["", "x", "y"]
    assert "a ✓" in lines[2]
    assert "below its bar" in lines[3]
    assert len({len(line) for line in lines}) == 1


def test_the_header_names_the_machine_and_the_versions() -> None:
    header = "\n".join(machine())
    assert "CPUs usable" in header
    assert "torch " in header
