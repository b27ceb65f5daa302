"""Disguises by script: undone where they cannot be how the word is written; ordinary text of any language stays."""

# ruff: noqa: RUF001 - letters of other scripts are what is tested

import pytest

from classifier.inference.normalise import normalise_text
from classifier.inference.reading import reading, text_as_read

DISGUISED = {
    # Latin letters among Cyrillic and Greek ones
    "ты просто cукa и все": "ты просто сука и все",
    "Iван дiстав гроші": "Іван дістав гроші",
    "какая же ты cвoлoчь": "какая же ты сволочь",
    "είσαι ένας μαλάκαc": None,  # c looks like no Greek letter in use
    "το vερό": "το νερό",
    # Arabic: tatweel, vowels, presentation forms
    "أنت كـــلب": "أنت كلب",
    "أنتَ كَلْبٌ": "أنت كلب",
    "\ufedb\ufedf\ufe90": "كلب",
    "אַתָּה כֶּלֶב": "אתה כלב",
    # Japanese in half width, Latin in full width
    "ﾊﾞｶじゃないの": "バカじゃないの",
    "ｖｏｃê é ｂｕｒｒｏ": "você é burro",
    # Korean letters apart
    "ㅅㅣㅂㅏㄹ 뭐야": "시발 뭐야",
    "ㅂㅕㅇㅅㅣㄴ": "병신",
    # letters held
    "ты дуррррак": "ты дурак",
    "είσαι βλάαααακας": "είσαι βλάακας",
    "أنت حماااااار": "أنت حمار",
    "você é muito burrrrro mesmo, cara, não entende nada disso aqui": (
        "você é muito burro mesmo, cara, não entende nada disso aqui"
    ),
    "sei proprio uno stronzoooo e non capisci niente di niente": (
        "sei proprio uno stronzo e non capisci niente di niente"
    ),
}

ORDINARY = [
    "ㅋㅋㅋㅋ 진짜 웃기네 ㅠㅠ",  # laughter and tears
    "ㅅㅂ",  # an abbreviation: which word it stands for is the reader's to know
    "LG전자 주가가 3월1일에 올랐다",
    "ههههه",
    "555 มาก",
    "В XIII веке, 1812 год, на сайте www.example.ru",
    "Ο Γιώργος αγόρασε iPhone και USB-C",
    "Die Schiffahrt und das Büro öffnen um 8 Uhr in der Straße, www.example.de",
    "Le cœur naïf de la forêt, à côté du café, est très calme aujourd'hui",
    "Tiếng Việt có nhiều dấu, ở đây rất đẹp",
    "今天天气很好，我们去公园吧",
    "สวัสดีครับ วันนี้อากาศดี",
    "я купил iPhone и MacBook в магазине",
    "COVID-19 в России: вирус SARS-CoV-2",
    "Π.χ. το 5ο λεπτό, σελ. 33",
    "Kız kardeşim İstanbul'da yaşıyor, çok güzel bir şehir",
    "улица районаSlums в городе",
    "TwitterΜοιραστείτε το άρθρο",
    "cei mici sunt copiii noștri, îi iubim foarte mult pe toți",
    "Bạn có thể đến đây vào ngày mai, tôi đạt được điều đó rồi",
    "Louis XIII e Papa Giovanni XXIII erano lì con noi quel giorno",
]


@pytest.mark.parametrize(("written", "read"), [(a, b) for a, b in DISGUISED.items() if b is not None])
def test_a_disguise_of_the_script_is_undone(written: str, read: str) -> None:
    assert text_as_read(written) == read


@pytest.mark.parametrize("written", [a for a, b in DISGUISED.items() if b is None] + ORDINARY)
def test_ordinary_text_stays(written: str) -> None:
    assert text_as_read(written) == normalise_text(written)


@pytest.mark.parametrize("written", ["b\u0430st\u0430rd", "\u0432\u0430st\u0430rd"])
def test_a_latin_word_with_look_alikes_stays_a_latin_word(written: str) -> None:
    assert text_as_read(f"you {written}") == "you bastard"


def test_digits_stand_for_letters_in_latin_words_alone() -> None:
    assert text_as_read("you 1diot") == "you idiot"
    assert text_as_read("ид1от") == "ид1от"


def test_the_way_back_leads_to_the_letters_as_they_were_written() -> None:
    text = "뭐야 ㅅㅣㅂㅏㄹ!"
    view = reading(text)
    assert view is not None
    begin = view.text.index("시발")
    assert view.original_span(begin, begin + 2) == (3, 8)
