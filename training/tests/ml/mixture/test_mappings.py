"""Every public set: a small copy in its real format becomes the rows and labels that the catalogue promises."""

from pathlib import Path

import pytest

from training.ml.mixture.licences import CLASSES, licence_class_of
from training.ml.mixture.reading import LABELS, MOST_BYTES, UNKNOWN, Files, SourceFormatError
from training.ml.mixture.sources import BY_NAME, SOURCES, Repository
from training.tests.ml.mixture.small_copies import COPIES, write_mirror


def files_of(name: str, mirror: Path) -> Files:
    return Files(
        {path: mirror / origin.folder / path for origin in BY_NAME[name].origins for path in origin.paths}
    )


@pytest.mark.parametrize("name", [source.name for source in SOURCES])
def test_a_copy_of_each_set_becomes_the_rows_that_its_mapping_says(tmp_path: Path, name: str) -> None:
    source = BY_NAME[name]
    rows = list(source.read(files_of(name, write_mirror(tmp_path, name))))
    read = [
        (
            row.text,
            row.label,
            row.split,
            {key: value for key, value in row.labels.items() if value != UNKNOWN},
        )
        for row in rows
    ]
    assert read == COPIES[name][1]
    assert all(tuple(row.labels) == LABELS for row in rows)
    assert {row.language for row in rows} == set(source.languages)


def test_the_catalogue_is_whole() -> None:
    assert len(SOURCES) == len(BY_NAME) == 28
    assert sum(source.expected[0] for source in SOURCES) > 480_000
    for source in SOURCES:
        assert source.licence_class in CLASSES
        assert all((source.attribution, source.meaning, source.title))
        assert source.expected[0] >= source.expected[1] + source.expected[2] > 0
        if source.licence_class not in ("caution",):
            assert licence_class_of(source.licence) == source.licence_class
        for origin in source.origins:
            assert origin.paths
            assert (
                not isinstance(origin, Repository)
                or origin.commit == "master"
                or len(origin.commit) in (12, 40)
            )


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "gahd.csv"
    path.write_text("id,body,label,split\n1,x,0,train\n")
    with pytest.raises(
        SourceFormatError, match=r"gahd.csv has no column 'text'; it has: id, body, label, split"
    ):
        list(BY_NAME["gahd_de"].read(Files({"gahd.csv": path})))


@pytest.mark.parametrize(
    ("name", "path", "content", "message"),
    [
        (
            "davidson_en",
            "data/labeled_data.csv",
            ",class,tweet\n0,7,x\n",
            "'7' is none of its classes 0, 1, 2",
        ),
        ("poleval2019_pl", "data/train_tags_2.txt", "0\n", "2 lines for 1 classes|3 lines for 1 classes"),
        ("benign_tasks_en", "data/data_full.json", "[", "is not JSON"),
        ("mlma_en_fr_ar", "hate_speech_mlma.zip", "no zip", "is no zip"),
        (
            "gahd_de",
            "gahd.csv",
            'gahd_id,text,label,split\n1,"' + "x" * 1_100_000 + '",0,train\n',
            "row 1: field larger",
        ),
    ],
)
def test_what_does_not_fit_the_format_is_told_with_its_file(
    tmp_path: Path, name: str, path: str, content: str, message: str
) -> None:
    files = files_of(name, write_mirror(tmp_path, name))
    files[path].write_text(content)
    with pytest.raises(SourceFormatError, match=message):
        list(BY_NAME[name].read(files))


def test_files_and_members_of_a_zip_are_bounded(tmp_path: Path) -> None:
    import zipfile

    large = tmp_path / "large.zip"
    with zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/en_dataset.csv", bytes(MOST_BYTES + 1))
    assert large.stat().st_size < 200_000
    files = Files({"large.zip": large})
    with pytest.raises(SourceFormatError, match="at most 67,108,864 are unpacked"):
        list(files.member_table("large.zip", "en_dataset.csv"))
    with pytest.raises(SourceFormatError, match=r"large.zip holds no fr_dataset.csv"):
        list(files.member_table("large.zip", "fr_dataset.csv"))
    plain = tmp_path / "plain.csv"
    with plain.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(SourceFormatError, match="at most 67,108,864 are read"):
        list(Files({"plain.csv": plain}).table("plain.csv"))
