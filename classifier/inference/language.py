"""The language of a text, and whether it is one of those that a model knows.

The identifier is py3langid: naive Bayes over byte n-grams, with its model inside the package. On a few words it is
often wrong, and a comment called foreign by mistake waits for a person. So a text counts as foreign only where the
evidence against all of the model's languages is strong for its number of letters (MARGINS); everything else is `und`,
undetermined, and is judged as usual. `benchmarks/languages.py` compares libraries and measures this rule.

What counts are whole words: addresses, user names, hashtags, markup, emoji and words with digits or signs inside are
left out, and a repeated word counts once. A script that no language of the model is written in decides by itself,
where most letters stand in whole words of it. Words made only of letters that look like Latin ones are a disguise.
"""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from classifier.inference.scripts import LATIN, looks_latin, script_of_word, scripts_of
from classifier.inference.sentences import sentence_spans

UNDETERMINED = "und"
ROMANISED_HINDI = "hi-Latn"
CHARACTERS_READ = 400  # of a text; more do not change the answer
CHARACTERS_MIXED = 1_200  # of a text that is looked through for several languages
MIXED_SHARE = 0.25  # of the letters that another language needs
MIXED_LETTERS = 20  # of a sentence that may be in another language
TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
"""A language tag as this program writes it (BCP 47): language, script, region."""

SCRIPT_SHARE = 0.6  # of the letters stand in words of one script, where the script decides
SCRIPT_LETTERS = (
    4  # letters in words of such a script that a text needs; half as many where a letter is a syllable
)
SYLLABLES = frozenset({"Hani", "Jpan", "Hang"})
DISTINCT_SHARE = 1 / 3  # of these letters stand in words that do not look Latin

# From how many letters on, how much more likely (natural logarithm) another language must be than those of the model.
MARGINS = ((34, 1.5), (26, 2.0), (20, 2.7), (16, 3.5), (12, 3.8), (8, 4.8))
LEAST_LIKELY = 0.2  # probability that the likeliest other language needs
FLOOR = 0.002  # probability of the model's languages that counts as none
SURE = 0.5  # probability from which a language of the model is named
# The languages in Latin letters that a comment may be said to be in. The identifier knows more; odd spellings, names
# and slang look like those to it, so they take their share of the probability, but no text is called by their name.
NAMED = frozenset(
    "af az bs ca cs cy da de en es et eu fi fr ga gl ha hr hu id is it lb lt lv ms mt nl nn no pl pt ro sk sl so sq sr "
    "sv sw tl tr vi".split()
)
RARER = frozenset("af az cy eu ga gl ha is lb mt so sq sw".split())
RARER_MARGIN = 2.0  # how much more these need, and texts that are mostly words in capitals: names
NAMES_SHARE = 0.6
NO_LANGUAGE = "zxx"
# Nigerian Pidgin and, to this identifier, African American English: a model that reads English reads them.
COUNTS_AS = {"pcm": "en", "nn": "no"}

# The commonest words of Hindi and Urdu in Latin letters, which no library at hand identifies: pronouns, verbs of being
# and doing, question words. Function words tell languages apart (Grefenstette 1995, "Comparing two language
# identification schemes"). The second set holds words that other languages have too: they support, but do not tell.
HINDI_WORDS = frozenset(
    "hai hain hoon hogi hoga rahe raha rahi rha rhe rhi kya kyu kyun kyon kaise kaisa kaisi kahan kaun nahi nahin "
    "nhi nahe tum tumhe tumhara tumhari tumhare tera teri tere mera meri yahan wahan mujhe mujhko humara hamara "
    "hamari hamare unka uska uski uske iska iski iske inka apna apni apne aap aapka aapki aapko aapne yeh woh aur "
    "bhi toh karo karna karta karte karti kiya gaya gayi gaye gya jao kuch koi bahut bohot bahot accha acha achha "
    "abhi kabhi phir lekin kyunki agar wala wali wale saath liye baat unko usko isko hume humko tumko mujhse "
    "tujhe tujhko hota hoti hote bhai yaar".split()
)
HINDI_WITH = frozenset(
    "tu mere tha thi hum log sab ho hi na ka ki ke ko se mein mai main kar ek do par mat ye wo ja jo to me h ab".split()
)
HINDI_SHARE = 0.3
# The commonest words that only English has: a text with enough of them is English without asking the identifier.
ENGLISH_WORDS = frozenset(
    "the and you your you're that that's this with they them their there these those would could should about which "
    "because people what what's who when where why how from just not don't doesn't didn't can't isn't won't it's i'm "
    "i've i'll he's she's is are were been being does did have has had my our his him she we it of to think know want "
    "like really very much more than some any every something anything nothing".split()
)
ENGLISH_SHARE = 0.3

_LEFT_OUT = re.compile(
    r"\w+://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\S+|[@#][\w.]+|</?[A-Za-z][^<>]*>|&#?\w+;|```.*?```|`[^`]*`|\[\w+\]",
    re.DOTALL,
)
_MAY_LEAVE_OUT = re.compile(r"[@#<&`\[]|://|www\.")
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0fff\u1000-\u109f\u1780-\u17d3\u200c\u200d"
)
_LETTER = f"(?:[^\\W\\d_]|[{_MARKS}])"
_JOINED = "*+=@$%^&#_"  # a word beside one of these is no whole word
_WORD = re.compile(
    f"(?<![\\w{_JOINED}{_MARKS}])(?<![\\w]['\u2019.-]){_LETTER}++(?:['\u2019-]{_LETTER}++)*+"
    f"(?![\\w{_JOINED}{_MARKS}]|['\u2019.-]\\w)"
)
_LAUGHTER = re.compile(r"(?i)\b(?:[ha]{5,}|[he]{6,}|[lo]{5,}|([^\W\d_]{2,5}?)\1{2,}[^\W\d_]{0,4})\b")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")


@dataclass(frozen=True, slots=True)
class Identified:
    """The language of a text as a BCP 47 tag, `und` where it is not clear, and whether the model knows it."""

    language: str
    is_supported: bool


def identify(text: str, known: Collection[str] = (), elsewhere: Collection[str] = ()) -> Identified:
    """Return the language of `text`; `known` are the tags of the languages that a model knows.

    Without `known` every language is supported. Undetermined texts are supported. `elsewhere` are languages that other
    models at hand know: a text that is foreign to `known` is taken for one of them where that is likely enough. The
    same text always gets the same answer, and several threads may ask at once.
    """
    return _of_words(words_of(text), known, elsewhere)


def identify_parts(text: str, known: Collection[str] = (), elsewhere: Collection[str] = ()) -> list[str]:
    """Return the languages of a mixed text, that of most letters first; one or none where it is not mixed.

    Parts are the words of each script, or the sentences where there is one script. A language counts where at least
    MIXED_SHARE of the letters of all parts with a language are in it.
    """
    letters: Counter[str] = Counter()
    for words in _parts(text):
        found = _of_words(words, known, elsewhere)
        if not found.language.startswith(UNDETERMINED):
            letters[found.language] += sum(map(len, words))
    return [name for name, count in letters.most_common() if count >= MIXED_SHARE * letters.total()]


def _parts(text: str) -> list[list[str]]:
    """Return the words of each part of a text that may be in a language of its own."""
    text = text[:CHARACTERS_MIXED]
    by_script: dict[str, list[str]] = {}
    for word in words_of(text, CHARACTERS_MIXED):
        by_script.setdefault(script_of_word(word), []).append(word)
    scripts = [words for script, words in by_script.items() if script]
    total = sum(len(word) for words in scripts for word in words)
    if sum(sum(map(len, words)) >= MIXED_SHARE * total for words in scripts) > 1:
        return scripts
    sentences = (words_of(text[begin:end]) for begin, end in sentence_spans(text))
    return [words for words in sentences if sum(map(len, words)) >= MIXED_LETTERS]


def _of_words(words: Sequence[str], known: Collection[str], elsewhere: Collection[str]) -> Identified:
    letters: Counter[str] = Counter()
    by_script: dict[str, list[str]] = {}
    for word in words:
        script = script_of_word(word)
        letters[script] += len(word)
        by_script.setdefault(script, []).append(word)
    script = max((name for name in letters if name), key=lambda name: letters[name], default="")
    if not script or letters[script] < SCRIPT_SHARE * letters.total():
        return Identified(UNDETERMINED, True)
    own = by_script[script]
    if script == LATIN:
        return _in_latin_letters(own, letters[script], known, elsewhere)
    return _in_other_letters(own, script, letters[script], known, elsewhere)


def load() -> None:
    """Load the identifier now, so that the first text does not wait for it."""
    _identifier()


def words_of(text: str, characters: int = CHARACTERS_READ) -> list[str]:
    """Return the different words of a text that say something about its language, in order.

    Words in capitals are lowered, letters that are held down are taken once, laughter is left out.
    """
    text = text[:characters]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if _MAY_LEAVE_OUT.search(text):
        text = _LEFT_OUT.sub(" ", text)
    if _STRETCHED.search(text):
        text = _STRETCHED.sub(r"\1", text)
    text = _LAUGHTER.sub(" ", text)
    words: dict[str, str] = {}
    for word in _WORD.findall(text):
        words.setdefault(word.lower(), word.lower() if word.isupper() else word)
    return list(words.values())


def identified_languages() -> frozenset[str]:
    """Return the base languages that a text can be identified as; the first use loads the identifier."""
    return frozenset(base_language(name) for name in _identifier()[1] if name != NO_LANGUAGE)


def supports(known: Collection[str], language: str) -> bool:
    """Tell whether a model that knows `known` reads `language`, whatever the region; without `known` it reads all."""
    if not known or language == UNDETERMINED:
        return True
    return base_language(language) in {base_language(tag) for tag in known}


def normal_tag(tag: str) -> str:
    """Return a language tag in the usual case: `pt-BR`, `zh-Hant`. Raises ValueError for what is none."""
    parts = tag.strip().replace("_", "-").split("-")
    parts = [
        parts[0].lower(),
        *(part.title() if len(part) == 4 and part.isalpha() else part.upper() for part in parts[1:]),
    ]
    normal = "-".join(parts)
    if not TAG.fullmatch(normal):
        raise ValueError(tag)
    return normal


def base_language(tag: str) -> str:
    """Return a tag without its region, and without a script that the language is usually written in."""
    language, *parts = tag.split("-")
    script = next((part for part in parts if len(part) == 4), "")
    return tag if script == LATIN and LATIN not in scripts_of(language) else COUNTS_AS.get(language, language)


def _in_other_letters(
    words: Sequence[str], script: str, count: int, known: Collection[str], elsewhere: Collection[str]
) -> Identified:
    distinct = sum(len(word) for word in words if not looks_latin(word))
    if count < (SCRIPT_LETTERS // 2 if script in SYLLABLES else SCRIPT_LETTERS):
        return Identified(UNDETERMINED, True)
    if distinct < DISTINCT_SHARE * count:
        return Identified(UNDETERMINED, True)
    readers = [tag for tag in known if script in scripts_of(tag)]
    likely = _probabilities(words)
    language = max(likely, key=lambda name: likely[name])
    if script not in scripts_of(language) or likely[language] < SURE:
        language = f"{UNDETERMINED}-{script}"
    if not known:
        return Identified(language, True)
    of_script = [name for name in likely if script in scripts_of(name)]
    others = [tag for tag in elsewhere if script in scripts_of(tag)]
    if not readers:
        return Identified(_nearest(likely, language, others, count, of_script), False)
    found = _against(likely, readers, count, of_script)
    if found.is_supported:
        return found
    return Identified(_nearest(likely, found.language, others, count, of_script), False)


def _in_latin_letters(
    words: Sequence[str], count: int, known: Collection[str], elsewhere: Collection[str]
) -> Identified:
    if len(words) < 2 or count < MARGINS[-1][0]:
        return Identified(UNDETERMINED, True)
    if _is_romanised_hindi(words):
        return Identified(ROMANISED_HINDI, supports(known, ROMANISED_HINDI))
    if _is_plain_english(words):
        if not known or supports(known, "en"):
            return Identified("en", True)
        if elsewhere and supports(elsewhere, "en"):
            return Identified("en", False)
    likely = _probabilities(words)
    if known:
        readers = [tag for tag in known if LATIN in scripts_of(tag)]
        others = [word for word in words if not word.istitle()]
        more = RARER_MARGIN if len(words) - len(others) > NAMES_SHARE * len(words) else 0.0
        elsewhere = [tag for tag in elsewhere if LATIN in scripts_of(tag)]
        foreign = NAMED.union(map(base_language, elsewhere))
        found = _against(likely, readers, count, foreign, more)
        if not found.is_supported and 0 < len(others) < len(words):  # names may be all that is foreign
            likely = _probabilities(others)
            if _margin(likely, _foreign(likely, readers, foreign), readers) < 0:
                return Identified(UNDETERMINED, True)
        if found.is_supported or not elsewhere:
            return found
        return Identified(_nearest(likely, found.language, elsewhere, count, foreign), False)
    language = max(likely, key=lambda name: likely[name])
    is_clear = likely[language] >= SURE and (language in NAMED or language == "en")
    return Identified(language if is_clear else UNDETERMINED, True)


def _against(
    likely: Mapping[str, float],
    readers: Sequence[str],
    count: int,
    others: Iterable[str],
    more: float = 0.0,
) -> Identified:
    """Weigh the other languages against those of the model that are written in the same letters."""
    foreign = _foreign(likely, readers, others)
    language = max(foreign, key=lambda name: foreign[name], default=UNDETERMINED)
    needed = next((margin for letters, margin in MARGINS if count >= letters), MARGINS[-1][1])
    needed += more + (RARER_MARGIN if language in RARER else 0.0)
    if foreign.get(language, 0.0) >= LEAST_LIKELY and _margin(likely, foreign, readers) >= needed:
        return Identified(language, False)
    known = {name: likely.get(name, 0.0) for name in map(base_language, readers)}
    best = max(known, key=lambda name: known[name], default=UNDETERMINED)
    return Identified(best if known.get(best, 0.0) >= SURE else UNDETERMINED, True)


def _nearest(
    likely: Mapping[str, float], language: str, elsewhere: Sequence[str], count: int, others: Iterable[str]
) -> str:
    """Return the language of `elsewhere` that a foreign text is most likely in, or `language` where it is in none."""
    if not elsewhere or not _against(likely, elsewhere, count, others).is_supported:
        return language
    return max(map(base_language, elsewhere), key=lambda name: likely.get(name, 0.0))


def _foreign(likely: Mapping[str, float], readers: Iterable[str], others: Iterable[str]) -> dict[str, float]:
    own = set(map(base_language, readers))
    return {name: likely.get(name, 0.0) for name in others if name not in own}


def _margin(likely: Mapping[str, float], foreign: Mapping[str, float], readers: Iterable[str]) -> float:
    """Return how much more likely the other languages are than those of the model, as a natural logarithm."""
    known = sum(likely.get(name, 0.0) for name in set(map(base_language, readers)))
    return log(max(sum(foreign.values()), FLOOR)) - log(known + FLOOR)


def _is_romanised_hindi(words: Iterable[str]) -> bool:
    lowered = {word.lower() for word in words}
    telling, support = len(lowered & HINDI_WORDS), len(lowered & HINDI_WITH)
    return telling >= 1 and telling + support >= max(2, HINDI_SHARE * len(lowered))


def _is_plain_english(words: Sequence[str]) -> bool:
    return sum(word.lower() in ENGLISH_WORDS for word in words) >= max(3, ENGLISH_SHARE * len(words))


def _probabilities(words: Iterable[str]) -> dict[str, float]:
    """Return the identifier's probability of each language; what counts as another is added to it."""
    model, classes = _identifier()
    likely: dict[str, float] = {}
    for name, probability in zip(classes, model._decide(" ".join(words)).tolist(), strict=True):
        likely[name] = likely.get(name, 0.0) + probability
    likely.pop(NO_LANGUAGE, None)
    return likely


_lock = threading.Lock()
_loaded: tuple[Any, list[str]] | None = None


def _identifier() -> tuple[Any, list[str]]:
    """Return the identifier, loaded at the first use (about a second, 60 MB); it is only read afterwards."""
    global _loaded
    if _loaded is None:
        with _lock:
            if _loaded is None:
                from py3langid.langid import MODEL_FILE, LanguageIdentifier

                model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
                _loaded = model, [COUNTS_AS.get(name, name) for name in model.nb_classes]
    return _loaded
