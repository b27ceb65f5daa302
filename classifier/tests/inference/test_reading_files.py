"""Files as people have them: any separator, encoding and line end; what is wrong with a row stays with the row."""

from pathlib import Path
from typing import Any

import pytest

from classifier.inference.files.encodings import guess_encoding, known_encoding
from classifier.inference.files.layout import Layout, Reading, layout_of
from classifier.inference.files.lines import FileUnreadable
from classifier.inference.files.rows import FileRow, rows_of

NAMES = {"text", "key"}


def read(folder: Path, data: str | bytes, **chosen: Any) -> tuple[Layout, list[FileRow]]:
    """Read a file whole, and see that reading goes on behind each of its rows as if it had never stopped."""
    place = folder / "file"
    place.write_bytes(data if isinstance(data, bytes) else data.encode())
    layout = layout_of(place, Reading.chosen(**chosen), names=NAMES)
    rows = list(rows_of(place, layout))
    for position, row in enumerate(rows):
        assert list(rows_of(place, layout, begin=row.end, line=row.last_line)) == rows[position + 1 :]
    return layout, rows


def texts(rows: list[FileRow]) -> list[Any]:
    return [row.values and row.values["text"] for row in rows]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252"])
def test_separator_line_end_and_encoding_are_found_out(
    mark: str, end: str, encoding: str, tmp_path: Path
) -> None:
    rows = [["key", "text"], ["1", "na\u00efve"], ["2", f'"two{end}lines{mark} one"'], ["3", "fin"]]
    data = end.join(mark.join(cells) for cells in rows) + end
    layout, found = read(tmp_path, data.encode(encoding))
    assert texts(found) == ["na\u00efve", f"two{end}lines{mark} one", "fin"]
    assert [row.line for row in found] == [2, 3, 5]
    assert layout.delimiter == mark


def test_a_first_line_may_say_the_separator(tmp_path: Path) -> None:
    layout, rows = read(tmp_path, "sep=;\r\nkey;text\r\n1;a,b,c,d\r\n")
    assert (layout.delimiter_name, layout.header_line, texts(rows), rows[0].line) == (
        "semicolon",
        2,
        ["a,b,c,d"],
        3,
    )
    with pytest.raises(FileUnreadable, match="sep= names '#'"):
        read(tmp_path, "sep=#\nkey#text\n")


def test_lines_before_the_header_are_passed_over(tmp_path: Path) -> None:
    layout, rows = read(tmp_path, "Report of May\n\nkey;text;when\n1;hello;now\n")
    assert (layout.header_line, layout.header, rows[0].line) == (3, ("key", "text", "when"), 4)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ('2,"so "bad" is this"', "not doubled"),
        ('2,"never closed', "never closed|not doubled"),
        ("2,one,two", "3 fields, the header has 2"),
        ("2", "1 fields"),
    ],
)
@pytest.mark.parametrize("after", ["3,fine\n", '3,"fine"\n', '3,"two\nlines"\n'])
def test_a_broken_row_breaks_no_other(bad: str, why: str, after: str, tmp_path: Path) -> None:
    _, rows = read(tmp_path, f"key,text\n1,before\n{bad}\n{after}4,last\n")
    assert [row.line for row in rows if row.values is None] == [3]
    assert texts(rows)[0] == "before"
    assert texts(rows)[-1] == "last"
    assert len(rows) == 4
    import re

    assert re.search(why, rows[1].problem)


def test_tabs_are_often_written_by_programs_that_never_mean_a_quote(tmp_path: Path) -> None:
    _, rows = read(tmp_path, 'key\ttext\n1\t"Why" she said\n2\t"quoted\ttab"\n3\t"open\n4\tlast\n')
    assert texts(rows) == ['"Why" she said', "quoted\ttab", '"open', "last"]


def test_what_is_there_too_much_and_empty_is_nothing(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "key,text\n1,a,\n2,b,, \n3,c\n")
    assert texts(rows) == ["a", "b", "c"]


def test_a_single_column_needs_no_quotes(tmp_path: Path) -> None:
    layout, rows = read(tmp_path, 'text\nyes, and no; or | so\n"a ""quoted"" one, two"\n')
    assert texts(rows) == ["yes, and no; or | so", 'a "quoted" one, two']
    assert layout.delimiter_name == ""


def test_nul_characters_are_left_out_and_carriage_returns_within_a_line_end_it(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "key,text\n1,a\x00b\n2,c\r3,d\n4,e\n")
    assert texts(rows) == ["ab", "c", "d", "e"]
    assert [row.line for row in rows] == [2, 3, 3, 4]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Das w\u00e4re sch\u00f6n, \u201esagte\u201c er \u2013 voil\u00e0"),
        (
            "cp1251",
            "\u041f\u0440\u0438\u0432\u0435\u0442 \u0432\u0441\u0435\u043c, \u043a\u0430\u043a \u0434\u0435\u043b\u0430",  # noqa: E501
        ),
        (
            "koi8-r",
            "\u041f\u0440\u0438\u0432\u0435\u0442 \u0432\u0441\u0435\u043c, \u043a\u0430\u043a \u0434\u0435\u043b\u0430",  # noqa: E501
        ),
        ("cp932", "\u3053\u308c\u306f\u65e5\u672c\u8a9e\u3067\u3059"),
        ("euc_jp", "\u3053\u308c\u306f\u65e5\u672c\u8a9e\u3067\u3059"),
        ("gb18030", "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u8c22\u8c22\u4f60\u4eec"),
        ("big5", "\u4eca\u5929\u5929\u6c23\u5f88\u597d\u8b1d\u8b1d\u4f60\u5011"),
        ("cp949", "\uc548\ub155\ud558\uc138\uc694 \ubc18\uac11\uc2b5\ub2c8\ub2e4"),
    ],
)
def test_other_encodings_are_guessed_by_the_script_that_they_make(
    encoding: str, text: str, tmp_path: Path
) -> None:
    assert guess_encoding(text.encode(encoding)) == encoding
    layout, rows = read(tmp_path, b"key;text\n" + b"0;row\n" * 400 + b"1;" + text.encode(encoding) + b"\n")
    assert (layout.encoding.name, layout.encoding.guessed) == (encoding, True)
    assert texts(rows)[-1] == text


def test_a_guess_can_be_overruled(tmp_path: Path) -> None:
    data = "key;text\n1;\u017elu\u0165ou\u010dk\u00fd k\u016f\u0148\n".encode("cp1250")
    assert read(tmp_path, data)[0].encoding.name == "cp1252"
    layout, rows = read(tmp_path, data, encoding="windows-1250")
    assert (texts(rows), layout.encoding.guessed) == (["\u017elu\u0165ou\u010dk\u00fd k\u016f\u0148"], False)
    with pytest.raises(ValueError, match="klingon"):
        Reading.chosen(encoding="klingon")
    assert [known_encoding(name) for name in ("latin-1", "Shift_JIS", "UTF8", "GBK", "euc-kr")] == [
        "cp1252", "cp932", "utf-8", "gb18030", "cp949",
    ]  # fmt: skip


def test_one_line_of_another_encoding_in_utf_8_is_its_own_problem(tmp_path: Path) -> None:
    lines = ["key,text", *(f"{number},caf\u00e9" for number in range(5))]
    data = "\n".join(lines).encode() + b"\n9,caf\xe9\n10,th\xc3\xa9\n"
    layout, rows = read(tmp_path, data)
    assert (layout.encoding.name, layout.encoding.guessed) == ("utf-8", False)
    assert [row.line for row in rows if row.values is None] == [7]
    assert "byte 0xe9" in rows[5].problem


def test_a_json_list_is_read_an_item_at_a_time(tmp_path: Path) -> None:
    data = '\ufeff[\n {"text": "a\u00e9"},\n {"text": "b",\n  "more": [1, {"x": 2}]}, 7,\n {"text": "c"}\n]\n'
    _, rows = read(tmp_path, data)
    assert texts(rows) == ["a\u00e9", "b", None, "c"]
    assert [row.line for row in rows] == [2, 3, 4, 5]
    assert rows[2].problem == "This item is not a JSON object."


def test_a_large_json_list_takes_no_more_memory_than_an_item(tmp_path: Path) -> None:
    import tracemalloc

    place = tmp_path / "list.json"
    with place.open("w") as stream:
        stream.write(
            "[" + ",".join(f'{{"text": "{"word " * 50}{number}"}}' for number in range(20_000)) + "]"
        )
    layout = layout_of(place)
    tracemalloc.start()
    count = sum(1 for _ in rows_of(place, layout))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 2_000_000


def test_the_guard_of_a_spreadsheet_export_is_undone_unless_it_shall_stay(tmp_path: Path) -> None:
    data = "key,text\n1,'-5 stars\n2,''=x\n3,'tis\n4,-5\n"
    assert texts(read(tmp_path, data)[1]) == ["-5 stars", "'=x", "'tis", "-5"]
    assert texts(read(tmp_path, data, unguard=False)[1]) == ["'-5 stars", "''=x", "'tis", "-5"]
