"""The starter's recipe from end to end, with tiny encoders: mixture, teachers, student, blend, artifact and card."""

from training.ml.mixture.choose import Rows
from training.ml.recipes.starter import ingredients, swear_words


def test_swear_words_are_those_of_mostly_toxic_rows() -> None:
    words = swear_words()
    assert {"idiot", "bitch"} <= words
    assert not {"the", "muslim", "gay", "london", "thanks"} & words


def test_sources_are_named_with_their_licences() -> None:
    rows = Rows()
    for source in ("wiki_toxic", "wiki_toxic", "gab_hate_en", "contrast threats", "buried"):
        rows.add(f"a remark about {source}", (0,) * 6, source)
    named = {one.name: one for one in ingredients(rows)}
    assert named["wiki_toxic"].rows == 2
    assert named["gab_hate_en"].licence == "CC-BY-4.0"
    assert {one.licence_class for one in named.values()} <= {"permissive", "sharealike", "own"}
    assert all(one.attribution for one in named.values())
