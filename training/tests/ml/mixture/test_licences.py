"""Licences: their classes by name, what may be passed on, and what a card says."""

import pytest

from training.ml.mixture.licences import (
    Ingredient,
    PassingOnRefused,
    check_passing_on,
    ingredients_table,
    licence_class_of,
    passing_on_sentence,
    sources_of,
    strictest,
)
from training.ml.mixture.sources import ingredients_of_rows

FREE = Ingredient("forum", 900, 900.0, "CC-BY-4.0", "permissive", "Our | forum\n2024")
SHARED = Ingredient("wiki", 100, 300.0, "CC BY-SA 3.0", "sharealike")
CLOSED = Ingredient("paper", 10, 5.0, "CC-BY-NC-4.0", "noncommercial")
NAMELESS = Ingredient("found somewhere", 10, 5.0)


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", "permissive"),
        ("Apache-2.0", "permissive"),
        ("BSD-3-Clause", "permissive"),
        ("CC0-1.0", "permissive"),
        ("CC BY 4.0", "permissive"),
        ("Creative Commons Attribution 4.0", "permissive"),
        ("CC-BY-SA-4.0", "sharealike"),
        ("cc by-sa 3.0", "sharealike"),
        ("GPL-3.0", "sharealike"),
        ("CC-BY-NC-SA-4.0", "noncommercial"),
        ("CC BY-NC", "noncommercial"),
        ("CC BY-ND 4.0", "noncommercial"),
        ("non-commercial use", "noncommercial"),
        ("for research purposes", "noncommercial"),
        ("labels CC0; texts CC BY-SA 3.0", "sharealike"),
        ("MIT; see the authors", "unknown"),
        ("proprietary", "unknown"),
        ("permitted", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_name_has_its_class_and_of_several_the_strictest_decides(licence: str, expected: str) -> None:
    assert licence_class_of(licence) == expected


def test_what_is_not_known_binds_most() -> None:
    assert strictest(["permissive", "own"]) == "permissive"
    assert strictest(["caution", "noncommercial", "sharealike"]) == "caution"
    assert strictest(["permissive", "made up"]) == "unknown"
    assert strictest([]) == "unknown"


def test_a_model_of_free_and_share_alike_rows_may_be_passed_on() -> None:
    check_passing_on([FREE, SHARED])
    assert passing_on_sentence([FREE]) == "It may be passed on with the attribution above."
    assert "“wiki” are share-alike" in passing_on_sentence([FREE, SHARED])


def test_a_licence_that_forbids_it_is_refused_with_the_names_of_the_datasets() -> None:
    with pytest.raises(
        PassingOnRefused, match=r"^This model may not be passed on, because of what it learned from:"
    ) as refused:
        check_passing_on([FREE, CLOSED, NAMELESS])
    told = str(refused.value)
    assert "“paper” (CC-BY-NC-4.0: not for commercial use or derived works)" in told
    assert "“found somewhere” (no licence that is known)" in told
    assert "“forum”" not in told
    assert "own use" in told
    with pytest.raises(PassingOnRefused, match="nothing says what it learned from"):
        check_passing_on([])
    assert passing_on_sentence([FREE, CLOSED]).endswith("it learned from “paper”.")


def test_the_card_lists_rows_share_of_the_weight_licence_and_attribution() -> None:
    table = ingredients_table([FREE, SHARED, NAMELESS]).splitlines()
    assert table[2] == "| forum | 900 | 74.7% | CC-BY-4.0 | Our \\| forum 2024 |"
    assert table[4] == "| found somewhere | 10 | 0.4% | not named | - |"


def test_a_manifest_gives_back_what_was_written_and_an_old_one_nothing() -> None:
    assert sources_of({"sources": [FREE.to_dict(), "no object", {"name": "old"}]}) == [
        FREE,
        Ingredient("old"),
    ]
    assert sources_of({}) == []


def test_rows_of_the_starters_mixture_name_what_they_come_from() -> None:
    names = ["wiki_toxic", "gahd_de", "contrast identity", "contrast swearing", "gahd_de", "from a friend"]
    listed = ingredients_of_rows(names, [1.0, 0.5, 0.25, 0.25, 0.5, 0.1])
    assert [(one.name, one.rows, one.weight, one.licence_class) for one in listed] == [
        ("wiki_toxic", 1, 1.0, "sharealike"),
        ("gahd_de", 2, 1.0, "permissive"),
        ("made by rule: contrast", 2, 0.5, "own"),
        ("from a friend", 1, 0.1, "unknown"),
    ]
    with pytest.raises(PassingOnRefused, match="“from a friend”"):
        check_passing_on(listed)
