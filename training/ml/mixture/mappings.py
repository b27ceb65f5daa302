"""How the rows of each public set map onto the six labels: one reader for each set, to its real file format.

A label that a set says nothing about is unknown (-1); why a negative of hate is not a harmless text, and other choices,
stand in the catalogue (`sources`). Texts are taken as the set has them.
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from training.ml.mixture.reading import Files, Labels, Row, SourceFormatError, known, six

HOSTILE_EMOTIONS = {"2", "3", "10", "11"}  # anger, annoyance, disapproval, disgust
NEUTRAL = "27"
SWEARING = re.compile(
    r"\b(?:fuck\w*|(?:bull)?shit\w*|ass|bitch\w*|bastard|crap|cunts|damn|goddamn|hell|piss\w*)\b",
    re.IGNORECASE,
)
SHORTEST_REQUEST = 21  # characters; shorter turns of a dialogue are "yes" and names
GROUP_CLASSES_KO = {"0", "4", "5", "6", "7"}  # origin, age, gender, race, religion
PROFANITY_KO, NEITHER_KO = "3", "8"
IDENTITY_MARKS = ("ableist", "homophobic", "racist", "sexist", "transphobic")
SPAN_LABELS = {
    "Insult": "insult",
    "Threat": "threat",
    "Profane/Obscene": "obscene",
    "Identity based Attack": "identity_hate",
}
HATEXPLAIN_CLASSES = {0: "hatespeech", 1: "normal", 2: "offensive"}


def beep(files: Files) -> Iterator[Row]:
    """Read TSV with the columns comments, contain_gender_bias, bias, hate (hate, offensive or none)."""
    for split in ("train", "dev"):
        for row in files.table(f"labeled/{split}.tsv", delimiter="\t", quoted=False):
            toxic = row["hate"] != "none"
            yield Row(row["comments"], int(toxic), split, "ko", _toxic(toxic, insult=0))


def news_sentences(files: Files) -> Iterator[Row]:
    """Read one sentence a line from a file for each language."""
    for path in files.matching("language-testdata/sentences/"):
        language = path.rsplit("/", 1)[1].removesuffix(".txt")
        for line in files.lines(path):
            if line.strip():
                yield Row(line.strip(), 0, language=language, labels=six(0))


def tasks(files: Files) -> Iterator[Row]:
    """Read Banking77 (CSV with text, category), CLINC150 (JSON of [text, intent] by split) and Taskmaster-4.

    Of Taskmaster-4 (JSON of dialogues) the user's turns of SHORTEST_REQUEST characters and more are taken.
    """
    for split in ("train", "test"):
        for row in files.table(f"banking_data/{split}.csv"):
            yield Row(row["text"], 0, split, "en", six(0))
    for split, pairs in files.json("data/data_full.json").items():
        for text, _ in pairs:
            yield Row(str(text), 0, str(split), "en", six(0))
    for path in files.matching("TM-4-2024/"):
        for dialogue in files.json(path):
            for turn in dialogue["utterances"]:
                if turn["speaker"] == "user" and len(turn["text"]) >= SHORTEST_REQUEST:
                    yield Row(turn["text"], 0, "all", "en", six(0))


def cold(files: Files) -> Iterator[Row]:
    """Read CSV with split, topic, label, TEXT; the test file has fine-grained-label too, which is not used."""
    for split in ("train", "dev", "test"):
        for row in files.table(f"COLDataset/{split}.csv"):
            toxic = row["label"] == "1"
            yield Row(row["TEXT"], int(toxic), split, "zh", six(toxic=int(toxic)))


def convabuse(files: Files) -> Iterator[Row]:
    """Read CSV of the user's turns with the marks of up to 8 annotators, each in 17 columns.

    AnnotatorN_is_abuse.1 to .-3 say how abusive (below 0 is abuse), further columns of which kind. Where a cell holds
    "1, 1", the annotator saw the turn twice; the first counts. The header has Annotator6_transphobic three times, for
    7 and 8 too, so that the mark is read for the first six annotators.
    """
    for split in ("train", "valid", "test"):
        for row in files.table(f"2_splits/ConvAbuseEMNLP{split}.csv"):
            yield _convabuse_row(row, split)


def _convabuse_row(row: Mapping[str, str], split: str) -> Row:
    votes, marked = [], []
    for number in range(1, 9):
        grades = {grade: _first(row[f"Annotator{number}_is_abuse.{grade}"]) for grade in (1, 0, -1, -2, -3)}
        if "1" not in grades.values():
            continue
        votes.append(any(grades[grade] == "1" for grade in (-1, -2, -3)))
        kinds = (f"Annotator{number}_{mark}" for mark in IDENTITY_MARKS)
        marked.append(any(_first(row[kind]) == "1" for kind in kinds if kind in row))
    toxic, identity = _by_majority(votes), _by_majority(marked)
    return Row(row["user"], known(toxic), split, "en", six(toxic=known(toxic), identity_hate=known(identity)))


def _first(cell: str) -> str:
    return cell.split(",")[0].strip()


def curse(files: Files) -> Iterator[Row]:
    """Read lines of text|0 or text|1; a text may hold the sign itself."""
    for line in files.lines("dataset.txt"):
        text, _, label = line.rpartition("|")
        if label.strip() in ("0", "1"):
            toxic = label.strip() == "1"
            yield Row(text, int(toxic), language="ko", labels=_toxic(toxic, obscene=0))


def davidson(files: Files) -> Iterator[Row]:
    """Read CSV with class (0 hate, 1 offensive, 2 neither) and tweet."""
    by_class = {
        "0": six(toxic=1, identity_hate=1),
        "1": six(toxic=1, obscene=1),
        "2": six(0, obscene=-1),
    }
    for row in files.table("data/labeled_data.csv"):
        labels = _looked_up(by_class, row["class"], "data/labeled_data.csv")
        yield Row(row["tweet"], labels["toxic"], language="en", labels=labels)


def edos(files: Files) -> Iterator[Row]:
    """Read CSV with text, label_sexist (sexist, not sexist), label_category ("1. threats, …") and split."""
    for row in files.table("data/edos_labelled_aggregated.csv"):
        sexist = row["label_sexist"].strip() == "sexist"
        labels = six()
        if sexist:
            labels = six(toxic=1, identity_hate=1)
            if row["label_category"].startswith("1."):
                labels["threat"] = 1
        yield Row(row["text"], int(sexist), row["split"], "en", labels)


def gab_hate(files: Files) -> Iterator[Row]:
    """Read TSV with text, hd (attack on human dignity), cv (call for violence) and vo (vulgar or offensive)."""
    for split in ("train", "test"):
        for row in files.table(f"ghc_{split}.tsv", delimiter="\t"):
            dignity, violence, vulgar = (_is_one(row[column]) for column in ("hd", "cv", "vo"))
            labels = six(toxic=int(dignity or violence or vulgar), identity_hate=int(dignity))
            if vulgar:
                labels["obscene"] = 1
            yield Row(row["text"], int(dignity or violence), split, "en", labels)


def gahd(files: Files) -> Iterator[Row]:
    """Read CSV with text, label (1 hate), round and split."""
    for row in files.table("gahd.csv"):
        yield Row(row["text"], int(row["label"]), row["split"], "de", _hate(row["label"] == "1"))


def germeval(files: Files) -> Iterator[Row]:
    """Read TSV without a header or quotes: text, OFFENSE or OTHER, and PROFANITY, INSULT, ABUSE or OTHER."""
    for split, path in (("train", "germeval2018.training.txt"), ("test", "germeval2018.test.txt")):
        for row in files.table(path, delimiter="\t", quoted=False, header=("text", "coarse", "fine")):
            kind = row["fine"].strip()
            toxic = row["coarse"].strip() == "OFFENSE"
            yield Row(row["text"], int(toxic), split, "de", _kind(kind) if toxic else six(0))


def goemotions(files: Files) -> Iterator[Row]:
    """Read TSV without a header or quotes: text, numbers of emotions (comma-separated, 27 neutral), an id.

    The hostile ones without a swear word say nothing at all, and are left out once sets are merged.
    """
    for split in ("train", "dev", "test"):
        path = f"data/original/{split}.tsv"
        for row in files.table(path, delimiter="\t", quoted=False, header=("text", "emotions", "id")):
            emotions = set(row["emotions"].split(","))
            swears = bool(SWEARING.search(row["text"]))
            unclear = bool(emotions & HOSTILE_EMOTIONS) or (swears and emotions == {NEUTRAL})
            labels = six() if unclear else six(0)
            if swears:
                labels["obscene"] = 1
            yield Row(row["text"], -1 if unclear else 0, split, "en", labels)


def hatemoji(files: Files) -> Iterator[Row]:
    """Read CSV with text, type (none, threateninglanguage, …) and label_gold."""
    for split in ("train", "validation", "test"):
        for row in files.table(f"HatemojiBuild/{split}.csv"):
            hateful = row["label_gold"] == "1"
            labels = six(toxic=int(hateful), identity_hate=int(hateful), threat=-1 if hateful else 0)
            if row["type"] == "threateninglanguage":
                labels["threat"] = 1
            yield Row(row["text"], int(hateful), split, "en", labels)


def hatexplain(files: Files) -> Iterator[Row]:
    """Read validation and test with all raters, then the posts that raters disagree about, all others being training's.

    The first two are CSV without a header: id, a Python dict with the raters' labels (0 hate, 1 normal, 2 offensive),
    …, and the post as the seventh column. The third is CSV with post_id, text, label_1 to label_3 and majority_label;
    where all three differ, its majority is the first label, and the split is called undecided.
    """
    seen: set[str] = set()
    for split in ("val", "test"):
        path = f"data/rationale_extraction/df_{split}_with_rationales.csv"
        header = ("post_id", "raters", "rationales", "tokens", "masked", "named", "text", "explanation")
        for row in files.table(path, header=header):
            try:
                numbers = ast.literal_eval(row["raters"])["label"]
            except (ValueError, SyntaxError, KeyError, TypeError) as error:
                raise SourceFormatError(
                    f"{path}: {row['raters'][:60]!r} does not hold the raters' labels."
                ) from error
            votes = [HATEXPLAIN_CLASSES[number] for number in numbers]
            seen.add(row["post_id"])
            majority = Counter(votes).most_common(1)[0][0]
            yield _hatexplain_row(row["text"], votes, majority, split)
    for row in files.table("data/disagreement_samples.csv"):
        if row["post_id"] not in seen:
            votes = [row["label_1"], row["label_2"], row["label_3"]]
            yield _hatexplain_row(row["text"], votes, row["majority_label"], "train")


def _hatexplain_row(text: str, votes: list[str], majority: str, split: str) -> Row:
    toxic = majority != "normal"
    labels = six(toxic=int(toxic))
    if len(set(votes)) == len(votes):
        split = "undecided"
    elif majority == "hatespeech":
        labels["identity_hate"] = 1
    elif majority == "normal" and "hatespeech" not in votes:
        labels["identity_hate"] = 0
    return Row(text, int(toxic), split, "en", labels)


def implicit_hate(files: Files) -> Iterator[Row]:
    """Read TSV inside the zip, with post and class (explicit_hate, implicit_hate, not_hate)."""
    member = "implicit_hate_v1_stg1_posts.tsv"
    for row in files.member_table("implicit-hate-corpus.zip", member, delimiter="\t", quoted=False):
        hateful = row["class"].strip() != "not_hate"
        yield Row(row["post"], int(hateful), language="en", labels=_hate(hateful))


def inspection_ai(files: Files) -> Iterator[Row]:
    """Read CSV with text and the votes Not Toxic, Hard to Say, Toxic, Very Toxic."""
    for row in files.table("data/subset.csv"):
        harmless, hard = int(row["Not Toxic"]), int(row["Hard to Say"])
        toxic = int(row["Toxic"]) + int(row["Very Toxic"])
        verdict = None
        if toxic * 2 >= harmless + hard + toxic and toxic > harmless:
            verdict = True
        elif not toxic or toxic != harmless:
            verdict = False
        yield Row(row["text"], known(verdict), language="ja", labels=six(toxic=known(verdict)))


def kmhas(files: Files) -> Iterator[Row]:
    """Read TSV with document and label (numbers of classes, comma-separated; 8 is none)."""
    for split in ("valid", "test"):
        for row in files.table(f"data/kmhas_{split}.txt", delimiter="\t", quoted=False):
            classes = {one.strip() for one in row["label"].split(",")}
            if NEITHER_KO in classes:
                labels = six(toxic=0, obscene=0, identity_hate=0)
            else:
                labels = six(toxic=1)
                labels |= {"obscene": 1} if PROFANITY_KO in classes else {}
                labels |= {"identity_hate": 1} if classes & GROUP_CLASSES_KO else {}
            yield Row(row["document"], labels["toxic"], split, "ko", labels)


def mlma(files: Files) -> Iterator[Row]:
    """Read CSV inside the zip, one for each language, with tweet and sentiment (such as offensive_hateful)."""
    members = {"en": "en_dataset_with_stop_words.csv", "fr": "fr_dataset.csv", "ar": "ar_dataset.csv"}
    for language, member in members.items():
        for row in files.member_table("hate_speech_mlma.zip", member):
            sentiments = set(row["sentiment"].split("_"))
            toxic: bool | None = None
            if sentiments == {"normal"}:
                toxic = False
            elif (
                sentiments & {"offensive", "abusive", "hateful", "disrespectful"}
                and "normal" not in sentiments
            ):
                toxic = True
            labels = six(toxic=known(toxic))
            if toxic is not None and (not toxic or "hateful" in sentiments):
                labels["identity_hate"] = int(toxic)
            yield Row(row["tweet"], known(toxic), language=language, labels=labels)


def offenseval_tr(files: Files) -> Iterator[Row]:
    """Read TSV without quotes, with id, tweet and subtask_a (OFF, NOT); the test's labels are lines of id,LABEL."""
    gold = dict(line.split(",", 1) for line in files.lines("offenseval-tr-labela-v1.tsv") if "," in line)
    for split, name in (("train", "training"), ("test", "testset")):
        for row in files.table(f"offenseval-tr-{name}-v1.tsv", delimiter="\t", quoted=False):
            label = (row["subtask_a"] if split == "train" else gold.get(row["id"], "")).strip()
            if label in ("OFF", "NOT"):
                toxic = label == "OFF"
                yield Row(row["tweet"], int(toxic), split, "tr", six(toxic=int(toxic)))


def misogyny(files: Files) -> Iterator[Row]:
    """Read CSV with body, level_1 (Misogynistic, Nonmisogynistic) and, in later versions, split.

    A post stands there once for each span that is marked in it.
    """
    for row in files.table("data/final_labels.csv"):
        hateful = row["level_1"] == "Misogynistic"
        labels = six(toxic=1, identity_hate=1) if hateful else six()
        yield Row(row["body"], int(hateful), row.get("split") or "all", "en", labels)


def paradetox(files: Files) -> Iterator[Row]:
    """Read TSV without quotes: toxic and up to three neutral paraphrases."""
    for row in files.table("paradetox/paradetox.tsv", delimiter="\t", quoted=False):
        yield Row(row["toxic"], 1, language="en", labels=six(toxic=1))
        for number in (1, 2, 3):
            if neutral := row[f"neutral{number}"].strip():
                labels = six(0, insult=-1, identity_hate=-1)
                yield Row(neutral, 0, language="en", labels=labels)


def poleval(files: Files) -> Iterator[Row]:
    """Read a text a line, and its class (0, 1, 2) in the same line of another file."""
    classes = {
        "0": six(toxic=0, identity_hate=0),
        "1": six(toxic=1),
        "2": six(toxic=1, identity_hate=1),
    }
    for split in ("train", "test"):
        texts = list(files.lines(f"data/{split}_text_2.txt"))
        tags = [line.strip() for line in files.lines(f"data/{split}_tags_2.txt") if line.strip()]
        if len(texts) - (not texts[-1]) != len(tags):
            raise SourceFormatError(
                f"data/{split}_text_2.txt has {len(texts):,} lines for {len(tags):,} classes."
            )
        for text, tag in zip(texts, tags, strict=False):
            labels = _looked_up(classes, tag, f"data/{split}_tags_2.txt")
            yield Row(text, labels["toxic"], split, "pl", labels)


def reddit_br(files: Files) -> Iterator[Row]:
    """Read CSV with body and label (1, 0, -1 where raters disagree)."""
    for row in files.table("dataset/toxicity_br_labeled_data.csv"):
        label = int(float(row["label"] or -1))
        yield Row(row["body"], label, language="pt", labels=six(toxic=label))


def ro_offense(files: Files) -> Iterator[Row]:
    """Read CSV with text and label (OTHER, PROFANITY, INSULT, ABUSE)."""
    for split in ("train", "test"):
        for row in files.table(f"{split}.csv"):
            kind = row["label"].strip()
            harmless = six(toxic=0, obscene=0, insult=0, identity_hate=0)
            labels = harmless if kind == "OTHER" else _kind(kind)
            yield Row(row["text"], labels["toxic"], split, "ro", labels)


def ruddit(files: Files) -> Iterator[Row]:
    """Read CSV with comment_body and offensiveness_score (-1 to 1); deleted comments are left out."""
    for row in files.table("ruddit_with_text.csv"):
        if row["comment_body"].strip() in ("[deleted]", "[removed]", ""):
            continue
        score = float(row["offensiveness_score"])
        toxic = True if score >= 0.35 else False if score <= 0 else None
        yield Row(row["comment_body"], known(toxic), language="en", labels=six(toxic=known(toxic)))


def told_br(files: Files) -> Iterator[Row]:
    """Read CSV with text and votes (0 to 3) for homophobia, obscene, insult, racism, misogyny, xenophobia."""
    groups = ("homophobia", "racism", "misogyny", "xenophobia")
    for row in files.table("ToLD-BR.csv"):
        votes = {name: int(float(row[name])) for name in ("obscene", "insult", *groups)}
        labels = six(
            toxic=_by_votes(max(votes.values())),
            obscene=_by_votes(votes["obscene"]),
            insult=_by_votes(votes["insult"]),
            identity_hate=_by_votes(max(votes[name] for name in groups)),
        )
        yield Row(row["text"], labels["toxic"], language="pt", labels=labels)


def toxic_spans(files: Files) -> Iterator[Row]:
    """Read CSV of comments, of annotations (one a rater, "all toxic" and "not toxic" ticked), of spans with their type.

    A rater who ticked "all toxic" marked everything. A label is 1 where more than half of the raters marked a span of
    its type, 0 where nobody did, else unknown.
    """
    types = defaultdict(set)
    for row in files.table("data/spans.csv", header=("annotation", "type", "start", "end")):
        types[row["annotation"]].add(row["type"])  # the line of the names is one of a rater that there is not
    marks: dict[str, list[tuple[bool, set[str]]]] = defaultdict(list)
    for row in files.table("data/annotations.csv"):
        own = types.get(row["annotation"], set())
        marks[row["comment_id"]].append((bool(own) or row["all toxic"] == "True", own))
    for row in files.table("data/comments.csv"):
        raters = marks.get(row["comment_id"], [])
        toxic = sum(marked for marked, _ in raters) * 2 > len(raters)
        labels = six()
        if toxic:
            labels["toxic"] = 1
            for name, label in SPAN_LABELS.items():
                labels[label] = known(_by_majority([name in own for _, own in raters]))
        yield Row(row["comment_text"], 1 if toxic else -1, "acl2022", "en", labels)


def tupy(files: Files) -> Iterator[Row]:
    """Read CSV with text, researcher, aggressive and hate; only the rows of Oliveira et al. are taken."""
    for split in ("train", "test"):
        for row in files.table(f"binary/binary_{split}.csv"):
            if row["researcher"].strip() != "oliveira et al":
                continue
            hateful = _is_one(row["hate"])
            toxic = hateful or _is_one(row["aggressive"])
            labels = six(toxic=int(toxic), identity_hate=1 if hateful else -1 if toxic else 0)
            yield Row(row["text"], int(toxic), split, "pt", labels)


def _toxic(toxic: bool, **harmless: int) -> Labels:
    """Return toxic alone for a toxic text, and further known labels for a harmless one."""
    return six(toxic=1) if toxic else six(toxic=0, **harmless)


def _hate(hateful: bool) -> Labels:
    """Return the labels of a set that marks hate only: what is none may be toxic otherwise."""
    return six(toxic=1, identity_hate=1) if hateful else six(identity_hate=0)


def _kind(kind: str) -> Labels:
    """Return the labels of GermEval's kinds of offence."""
    label = {"PROFANITY": "obscene", "INSULT": "insult", "ABUSE": "identity_hate"}
    return six(toxic=1, **({label[kind]: 1} if kind in label else {}))


def _by_votes(votes: int) -> int:
    return 1 if votes >= 2 else 0 if votes == 0 else -1


def _by_majority(votes: list[bool]) -> bool | None:
    """Return True where more than half say so, False where nobody does, else None."""
    if not votes:
        return None
    if sum(votes) * 2 > len(votes):
        return True
    return None if any(votes) else False


def _is_one(cell: str) -> bool:
    return cell.strip() in ("1", "1.0", "True")


def _looked_up(labels: Mapping[str, Labels], value: str, file: str) -> Labels:
    try:
        return labels[value.strip()]
    except KeyError:
        raise SourceFormatError(
            f"{file}: {value[:40]!r} is none of its classes {', '.join(labels)}."
        ) from None
