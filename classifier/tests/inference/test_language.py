# ruff: noqa: RUF001 - letters that look like others are what is tested
"""Which language a text is said to be in, and that English is not called foreign."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from classifier.inference.language import Identified, identify, normal_tag, supports, words_of

ENGLISH = ("en",)


@pytest.mark.parametrize(
    "text",
    [
        "Yo fam dat beat go hard, no cap",
        "finna slide thru l8r, u comin?",
        "shut yo dumb ass up fool",
        "LMAOOOO nah bruh u wildin fr fr",
        "stfu u braindead clown",
        "what a load of bollocks, you muppet",
        "dinnae fash yersel, ya wee numpty",
        "ur mum lol",
        "gg ez noob team",
        "idiot",
        "hahahahahaha",
        "you are a loser HAHAHAHAHA haahahahaahah lolololol",
        "\N{FACE WITH TEARS OF JOY}\N{FACE WITH TEARS OF JOY}\N{FIRE}",
        "y0u 4r3 4 l0s3r",
        "g o  a w a y  l o s e r",
        "f*ck th!s sh1t",
        "@maria_lopez @hans_mueller @joao_silva",
        "#frohesfest #feliznavidad",
        "https://www.beispiel.de/nachrichten/das-ist-ein-langer-artikel",
        "Wolfgang Amadeus Mozart",
        "Maria Garcia Fernandez",
        "Lukasz Piszczek scored twice today",
        "for (let i = 0; i < n; i++) { total += prices[i]; }",
        "SELECT name FROM customers WHERE city = 'Roma'",
        "deja vu all over again",
        "I had the crème brûlée and a cappuccino",
        "",
        "   ",
        "12345 67890",
    ],
)
def test_english_slang_names_code_and_signs_are_not_called_foreign(text: str) -> None:
    assert identify(text, ENGLISH).is_supported


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Eres un payaso sin cerebro", "es"),
        ("El gato duerme en mi cama", "es"),
        ("Du bist ein verlogener Mistkerl", "de"),
        ("Heute Abend kochen wir Suppe", "de"),
        ("Jij bent een vuile leugenaar", "nl"),
        ("Mijn broer speelt graag voetbal", "nl"),
        ("Espèce de gros menteur va", "fr"),
        ("Sei soltanto un povero scemo", "it"),
        ("Você não vale nada mesmo", "pt"),
        ("Jesteś zwykłym oszustem i tyle", "pl"),
        ("Sen gerçekten çok aptalsın", "tr"),
        ("Убирайся отсюда, жалкий врун", "ru"),
        ("Вчера мы долго гуляли у реки", "ru"),
        ("bhai tum bilkul pagal ho kya", "hi-Latn"),
        ("mera bhai aaj ghar nahi aaya", "hi-Latn"),
        ("你说的话一点道理都没有", "zh"),
        ("あなたはうそつきです", "ja"),
        ("너는 정말 거짓말쟁이야", "ko"),
        ("أنت كاذب ولا تستحق الاحترام", "ar"),
        ("אתה שקרן ואין לך בושה", "he"),
    ],
)
def test_short_clear_sentences_of_other_languages_are_noticed(text: str, language: str) -> None:
    assert identify(text, ENGLISH) == Identified(language, False)
    assert identify(text, ()).is_supported


@pytest.mark.parametrize(
    "text",
    [
        "you аre аn іdіоt",  # Cyrillic a, e, i, o among Latin letters
        "уоu ѕtuріd сlоwn",
        "соре аnd ѕееthе",
        "\uff59\uff4f\uff55 \uff46\uff4f\uff4f\uff4c",  # full width
        "𝔶𝔬𝔲 𝔣𝔬𝔬𝔩",
        "сосо аха",  # whole words that look Latin
    ],
)
def test_latin_words_in_letters_that_look_like_them_are_no_other_language(text: str) -> None:
    assert identify(text, ENGLISH).is_supported


def test_a_few_foreign_words_in_an_english_text_do_not_make_it_foreign() -> None:
    assert identify("My teacher said Привет to the whole class yesterday", ENGLISH).is_supported
    assert identify("She texted me 'te quiero mucho' and then blocked me, what a joke", ENGLISH).is_supported


def test_what_a_model_knows_is_supported_and_named() -> None:
    german = "Gestern habe ich den ganzen Tag im Garten gearbeitet"
    assert identify(german, ("en", "de")) == Identified("de", True)
    assert identify(german, ("de-AT",)) == Identified("de", True)
    assert identify(german, ("en", "fr")) == Identified("de", False)
    russian = "Вчера я весь день работал в саду"
    assert identify(russian, ("en", "ru")) == Identified("ru", True)
    assert not identify("She worked in the garden for the whole day", ("de",)).is_supported
    assert identify("She worked in the garden for the whole day", ENGLISH) == Identified("en", True)


@pytest.mark.parametrize(
    ("known", "language", "reads"),
    [
        ((), "de", True),
        (("en",), "und", True),
        (("en",), "en-GB", True),
        (("pt-BR",), "pt", True),
        (("hi",), "hi-Latn", False),
        (("en",), "und-Cyrl", False),
    ],
)
def test_a_region_makes_no_difference_and_a_script_does(
    known: tuple[str, ...], language: str, reads: bool
) -> None:
    assert supports(known, language) is reads


def test_tags_get_their_usual_case() -> None:
    assert [normal_tag(tag) for tag in ("EN", "pt_br", "ZH-hant", "hi-latn")] == [
        "en",
        "pt-BR",
        "zh-Hant",
        "hi-Latn",
    ]
    for wrong in ("", "english please", "e", "en-", "en-US-x-private"):
        with pytest.raises(ValueError, match=f"^{wrong}$"):
            normal_tag(wrong)


def test_only_whole_words_count() -> None:
    assert words_of("Soooo GOOD, good @you #tag http://a.de/x a1b f*ck don't <b>bold</b> &amp; x_y") == [
        "So",
        "good",
        "don't",
        "bold",
    ]


def test_a_hostile_text_takes_no_long_time() -> None:
    for text in ("a-" * 20_000, "\u0939\u093f" * 20_000 + "1", "'" * 30_000, "<a" * 20_000, "a@" * 20_000):
        identify(text, ENGLISH)


def test_many_threads_get_the_same_answers() -> None:
    texts = ["Heute Abend kochen wir Suppe", "this is an english sentence", "El gato duerme en mi cama"] * 20
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: identify(text, ENGLISH), texts))
    assert found == [identify(text, ENGLISH) for text in texts]
