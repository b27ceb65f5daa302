"""The public sets that the mixture is made of: where each comes from, under which licence, and what its labels mean.

Commits are pinned; a path is that of the file in its repository. What a label 1 means and how it maps onto the six
labels stands beside each set, and the code that does it in `mappings`. `expected` are the rows with a text before sets
are merged, and those with label 1 and 0, as counted when the mixture was first made: a build prints its own numbers
beside them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from training.ml.mixture import mappings
from training.ml.mixture.licences import CAUTION, OWN, PERMISSIVE, SHAREALIKE, Ingredient
from training.ml.mixture.reading import Files, Row

SHORT_COMMIT = 12


@dataclass(frozen=True)
class Repository:
    """Files of a GitHub repository at a commit (or a branch, where the content is pinned by its hash)."""

    name: str
    commit: str
    paths: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Where its files lie in a cache or a mirror."""
        return f"{self.name}@{self.commit[:SHORT_COMMIT]}"


@dataclass(frozen=True)
class Web:
    """Files that lie elsewhere: (path in the cache, https address); for osf:NODE/NAME the site has to be asked."""

    folder: str
    addresses: tuple[tuple[str, str], ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The names of its files in a cache or a mirror."""
        return tuple(path for path, _ in self.addresses)


@dataclass(frozen=True)
class Source:
    """One public set. `read` yields its rows from the fetched files, in their order."""

    name: str
    title: str
    origins: tuple[Repository | Web, ...]
    licence: str
    licence_class: str
    attribution: str
    languages: tuple[str, ...]
    meaning: str
    expected: tuple[int, int, int]
    read: Callable[[Files], Iterator[Row]]
    caveats: str = ""


def _one(name: str, commit: str, *paths: str) -> tuple[Repository]:
    return (Repository(name, commit, paths),)


NEWS_LANGUAGES = tuple(
    "ar bn cs da de el en es fa fi fr he hi hu id it ja ko nl pl pt ro ru sv th tr uk vi zh".split()
)

SOURCES: tuple[Source, ...] = (
    Source(
        "beep_ko",
        "BEEP! Korean corpus of online news comments for toxic speech detection",
        _one(
            "kocohub/korean-hate-speech",
            "f8d05dce2b22007bb149e5139c0060c68ad8f94b",
            "labeled/train.tsv",
            "labeled/dev.tsv",
        ),
        "CC-BY-SA-4.0",
        SHAREALIKE,
        "Moon, Cho and Lee 2020, BEEP!, CC BY-SA 4.0.",
        ("ko",),
        "hate or offensive: toxic 1; none: toxic and insult 0",
        (8367, 4721, 3646),
        mappings.beep,
        "Comments on entertainment news, 32 annotators.",
    ),
    Source(
        "benign_news_sentences_multi",
        "Sentences of news and the web in 29 languages",
        _one(
            "pemistahl/lingua-py",
            "754ce21122c0",
            *(f"language-testdata/sentences/{language}.txt" for language in NEWS_LANGUAGES),
        ),
        "CC-BY-4.0 AND Apache-2.0",
        CAUTION,
        "Leipzig Corpora Collection (Goldhahn, Eckart and Quasthoff 2012), CC BY, by way of lingua-py by P. M. Stahl.",
        NEWS_LANGUAGES,
        "every sentence: all six labels 0",
        (28148, 0, 28148),
        mappings.news_sentences,
        "Assumed harmless, nobody annotated them; newspapers hold the rights to their sentences.",
    ),
    Source(
        "benign_tasks_en",
        "Everyday requests: Banking77, CLINC150, Taskmaster-4",
        (
            Repository(
                "PolyAI-LDN/task-specific-datasets",
                "b30ebac2744f9b815c3ea3b9aff331c09b6b6b13",
                ("banking_data/train.csv", "banking_data/test.csv"),
            ),
            Repository("clinc/oos-eval", "master", ("data/data_full.json",)),
            Repository(
                "google-research-datasets/Taskmaster",
                "60c103f80b6df91990a252068d2a2d3932a1d75e",
                tuple(f"TM-4-2024/data/data_0{number}.json" for number in range(7)),
            ),
        ),
        "CC-BY-4.0 AND CC-BY-3.0",
        PERMISSIVE,
        "Casanueva et al. 2020 (Banking77, CC BY 4.0); Larson et al. 2019 (CLINC150, CC BY 3.0); Byrne and Ganesh 2024 "
        "(Taskmaster-4, CC BY 4.0).",
        ("en",),
        "every request: all six labels 0",
        (40919, 0, 40919),
        mappings.tasks,
        "Assumed harmless, nobody annotated them. The first mixture held fewer of the coffee orders of Taskmaster-4.",
    ),
    Source(
        "cold_zh",
        "COLD: Chinese offensive language dataset",
        _one(
            "thu-coai/COLDataset",
            "a0c55a945497ab58e94aef491180e1cf88ffb864",
            "COLDataset/train.csv",
            "COLDataset/dev.csv",
            "COLDataset/test.csv",
        ),
        "Apache-2.0",
        PERMISSIVE,
        "Deng et al. 2022, COLD, Apache 2.0.",
        ("zh",),
        "offensive: toxic 1; not: toxic 0",
        (37350, 17937, 19413),
        mappings.cold,
        "Zhihu and Weibo on race, region, gender; labels of the training rows are semi-automatic.",
    ),
    Source(
        "convabuse_en",
        "ConvAbuse: abuse in conversations with machines",
        _one(
            "amandacurry/convabuse",
            "c0a9469f4895",
            "2_splits/ConvAbuseEMNLPtrain.csv",
            "2_splits/ConvAbuseEMNLPvalid.csv",
            "2_splits/ConvAbuseEMNLPtest.csv",
        ),
        "CC-BY-4.0",
        PERMISSIVE,
        "Cercas Curry, Abercrombie and Rieser 2021, ConvAbuse, CC BY 4.0.",
        ("en",),
        "most raters say abusive: toxic 1; none: 0; else unknown. identity_hate by the marks ableist, homophobic, "
        "racist, sexist, transphobic",
        (2874, 441, 2130),
        mappings.convabuse,
        "Short turns of users to chatbots, 3 to 8 raters each.",
    ),
    Source(
        "curse_ko",
        "Korean curse detection data",
        _one("2runo/Curse-detection-data", "ff241621e103b6f220d30de324d0d07987887308", "dataset.txt"),
        "MIT",
        PERMISSIVE,
        "2runo, Curse-detection-data, MIT.",
        ("ko",),
        "curse or insult: toxic 1; none: toxic and obscene 0",
        (5820, 2042, 3778),
        mappings.curse,
        "Labelled by its one author.",
    ),
    Source(
        "davidson_en",
        "Automated hate speech detection and the problem of offensive language",
        _one(
            "t-davidson/hate-speech-and-offensive-language",
            "6a1e3f02522963d820e302c3ad48b189552c143b",
            "data/labeled_data.csv",
        ),
        "MIT",
        PERMISSIVE,
        "Davidson et al. 2017, MIT.",
        ("en",),
        "hate: toxic and identity_hate 1; offensive: toxic and obscene 1; neither: 0, obscene unknown",
        (24464, 20321, 4143),
        mappings.davidson,
        "The offensive rows are known to be biased against African American English: leave them out of training.",
    ),
    Source(
        "edos_en",
        "EDOS: explainable detection of online sexism (SemEval 2023, task 10)",
        _one(
            "rewire-online/edos",
            "b1f1fbcca9d42de0395432ada8fcfb5c35f68c77",
            "data/edos_labelled_aggregated.csv",
        ),
        "CC0-1.0",
        PERMISSIVE,
        "Kirk et al. 2023, EDOS, CC0.",
        ("en",),
        "sexist: toxic and identity_hate 1, its threats threat 1; not sexist: nothing is known",
        (19995, 4854, 15141),
        mappings.edos,
        "Gab and Reddit; what is not sexist may be toxic otherwise.",
    ),
    Source(
        "gab_hate_en",
        "The Gab Hate Corpus",
        (
            Web(
                "osf/edua3",
                (("ghc_train.tsv", "osf:edua3/ghc_train.tsv"), ("ghc_test.tsv", "osf:edua3/ghc_test.tsv")),
            ),
        ),
        "CC-BY-4.0",
        PERMISSIVE,
        "Kennedy et al. 2022, the Gab Hate Corpus, CC BY 4.0.",
        ("en",),
        "attack on human dignity or call for violence: label 1; with vulgar ones toxic 1; dignity: identity_hate; "
        "vulgar: obscene 1",
        (27527, 2449, 25078),
        mappings.gab_hate,
        "Posts of an extreme network. Its files could not be looked at when this was written; columns text, hd, cv, vo "
        "as its authors document them.",
    ),
    Source(
        "gahd_de",
        "GAHD: German adversarial hate speech dataset",
        _one("jagol/gahd", "2a4e919d5208d99a885824c63583d898d02ca1a1", "gahd.csv"),
        "CC-BY-4.0",
        PERMISSIVE,
        "Goldzycher, Roettger and Schneider 2024, GAHD, CC BY 4.0.",
        ("de",),
        "hate: toxic and identity_hate 1; not: identity_hate 0, the rest unknown",
        (10979, 4660, 6319),
        mappings.gahd,
        "Written to fool a model; hate, not toxicity.",
    ),
    Source(
        "germeval2018_de",
        "GermEval 2018: offensive language in German tweets",
        _one(
            "uds-lsv/GermEval-2018-Data",
            "9877472d39523effd54cd079b4c61157ed141508",
            "germeval2018.training.txt",
            "germeval2018.test.txt",
        ),
        "CC-BY-4.0",
        PERMISSIVE,
        "Wiegand, Siegel and Ruppenhofer 2018, GermEval 2018, CC BY 4.0.",
        ("de",),
        "OFFENSE: toxic 1, by its kind PROFANITY obscene, INSULT insult, ABUSE identity_hate; OTHER: all 0",
        (7878, 2229, 5649),
        mappings.germeval,
    ),
    Source(
        "goemotions_benign_en",
        "GoEmotions, as a source of harmless comments and of friendly swearing",
        _one(
            "monologg/GoEmotions-pytorch",
            "b75f9d3a8b76",
            "data/original/train.tsv",
            "data/original/dev.tsv",
            "data/original/test.tsv",
        ),
        "Apache-2.0",
        PERMISSIVE,
        "Demszky et al. 2020, GoEmotions, Apache 2.0.",
        ("en",),
        "only emotions that are not hostile: all 0; with a swear word obscene 1, toxic 0; hostile ones, or neutral "
        "with a swear word: toxic unknown",
        (53842, 0, 45565),
        mappings.goemotions,
        "Emotions by 3 raters, not toxicity; names and religions are masked.",
    ),
    Source(
        "hatemojibuild_en",
        "HatemojiBuild: adversarial hate with emoji",
        _one(
            "HannahKirk/Hatemoji",
            "a626f63216158748d072e581efc00267031f4404",
            "HatemojiBuild/train.csv",
            "HatemojiBuild/validation.csv",
            "HatemojiBuild/test.csv",
        ),
        "CC-BY-4.0",
        PERMISSIVE,
        "Kirk et al. 2022, Hatemoji, CC BY 4.0.",
        ("en",),
        "hateful: toxic and identity_hate 1, its threats threat 1; not: toxic, threat and identity_hate 0",
        (5889, 2953, 2936),
        mappings.hatemoji,
    ),
    Source(
        "hatexplain_part_en",
        "HateXplain, the part of it that carriers hold",
        (
            Repository(
                "Gorawit2002/hatexplain-quality-dashboard",
                "a6357a096b2f75ee3a65d6256be4e116064c3c90",
                ("data/disagreement_samples.csv",),
            ),
            Repository(
                "shivam0109/CS4NLP-HateXplain",
                "8a911685253b",
                (
                    "data/rationale_extraction/df_val_with_rationales.csv",
                    "data/rationale_extraction/df_test_with_rationales.csv",
                ),
            ),
        ),
        "MIT",
        PERMISSIVE,
        "Mathew et al. 2021, HateXplain, MIT.",
        ("en",),
        "most of 3 raters say hate or offensive: toxic 1; normal: 0; hate: identity_hate 1, normal without a vote for "
        "hate: 0",
        (12235, 8188, 4047),
        mappings.hatexplain,
        "Posts that raters disagree on, and all of validation and test; half of what is called normal reads hostile.",
    ),
    Source(
        "implicit_hate_en",
        "Latent Hatred: implicit hate speech",
        (
            Web(
                "SALT-NLP/implicit-hate",
                (
                    (
                        "implicit-hate-corpus.zip",
                        "https://www.dropbox.com/s/p1ctnsg3xlnupwr/implicit-hate-corpus.zip?dl=1",
                    ),
                ),
            ),
        ),
        "MIT",
        PERMISSIVE,
        "ElSherief et al. 2021, Latent Hatred, MIT.",
        ("en",),
        "explicit or implicit hate: toxic and identity_hate 1; not: identity_hate 0, the rest unknown",
        (20914, 7624, 13290),
        mappings.implicit_hate,
        "The archive could not be looked at when this was written; columns post and class of its first stage as others "
        "read them. Its authors ask for a survey before the download.",
    ),
    Source(
        "inspectionai_ja",
        "Japanese toxic dataset",
        _one("inspection-ai/japanese-toxic-dataset", "e26fbd26b26e", "data/subset.csv"),
        "Apache-2.0",
        PERMISSIVE,
        "inspection AI 2022, japanese-toxic-dataset, Apache 2.0.",
        ("ja",),
        "half of the votes or more say toxic, and more than say it is not: toxic 1; as many: unknown; else 0",
        (437, 49, 367),
        mappings.inspection_ai,
        "Tiny.",
    ),
    Source(
        "kmhas_ko",
        "K-MHaS: Korean multi-label hate speech",
        _one("adlnlp/K-MHaS", "ec7a7e775d65", "data/kmhas_valid.txt", "data/kmhas_test.txt"),
        "CC-BY-SA-4.0",
        SHAREALIKE,
        "Lee et al. 2022, K-MHaS, CC BY-SA 4.0.",
        ("ko",),
        "any of 8 classes: toxic 1; profanity obscene 1; origin, age, gender, race, religion identity_hate 1; none: "
        "toxic, obscene, identity_hate 0",
        (30638, 13938, 16700),
        mappings.kmhas,
        "Without its training file.",
    ),
    Source(
        "mlma_en_fr_ar",
        "MLMA: multilingual and multi-aspect hate speech",
        _one("HKUST-KnowComp/MLMA_hate_speech", "479836984aeb", "hate_speech_mlma.zip"),
        "MIT",
        PERMISSIVE,
        "Ousidhoum et al. 2019, MLMA, MIT.",
        ("en", "fr", "ar"),
        "offensive, abusive, hateful or disrespectful: toxic 1; normal alone: toxic and identity_hate 0; hateful: "
        "identity_hate 1",
        (18423, 14983, 3043),
        mappings.mlma,
        "Chosen by slurs, 81 % positive, noisy. A zip that could not be looked at when this was written; members and "
        "columns tweet and sentiment as others read them.",
    ),
    Source(
        "offenseval2020_tr",
        "OffensEval 2020, Turkish",
        _one(
            "Nickisdope/11785_Baseline_Implementation",
            "284e7696fa58",
            "offenseval-tr-training-v1.tsv",
            "offenseval-tr-testset-v1.tsv",
            "offenseval-tr-labela-v1.tsv",
        ),
        "CC-BY-2.0",
        PERMISSIVE,
        "Coltekin 2020, a corpus of Turkish offensive language, CC BY 2.0.",
        ("tr",),
        "OFF: toxic 1; NOT: 0",
        (35274, 6847, 28427),
        mappings.offenseval_tr,
    ),
    Source(
        "online_misogyny_en",
        "An expert annotated dataset for the detection of online misogyny",
        _one(
            "ellamguest/online-misogyny-eacl2021",
            "b3c04567452ed92b160c3692343a0f2d74a027b2",
            "data/final_labels.csv",
        ),
        "MIT",
        PERMISSIVE,
        "Guest et al. 2021, MIT.",
        ("en",),
        "misogynistic: toxic and identity_hate 1; not: nothing is known",
        (6144, 514, 5630),
        mappings.misogyny,
        "Reddit; what is not misogynistic may be toxic otherwise.",
    ),
    Source(
        "paradetox_en",
        "ParaDetox: toxic sentences and civil paraphrases",
        _one("s-nlp/paradetox", "d97b17d08135", "paradetox/paradetox.tsv"),
        "CC0-1.0",
        PERMISSIVE,
        "Logacheva et al. 2022, ParaDetox, CC0.",
        ("en",),
        "toxic column: toxic 1; paraphrases: toxic, severe_toxic, obscene, threat 0",
        (30946, 11826, 19120),
        mappings.paradetox,
        "Lower-cased and tokenised; a paraphrase may still be rude.",
    ),
    Source(
        "poleval2019_pl",
        "PolEval 2019, task 6: cyberbullying in Polish tweets",
        _one(
            "Mateuszrze/PolEval2019Task6",
            "bb898b8dbe0f6ce7f757b1338c7bdb106f536129",
            "data/train_text_2.txt",
            "data/train_tags_2.txt",
            "data/test_text_2.txt",
            "data/test_tags_2.txt",
        ),
        "BSD-3-Clause",
        PERMISSIVE,
        "Ptaszynski, Pieciukiewicz and Dybala 2019, BSD 3-Clause.",
        ("pl",),
        "cyberbullying (1) or hate speech (2): toxic 1, hate speech identity_hate 1; harmless: toxic, identity_hate 0",
        (11027, 984, 10043),
        mappings.poleval,
        "Labels of the first version are noisy.",
    ),
    Source(
        "reddit_br_pt",
        "Toxic content on Brazilian Reddit",
        _one(
            "luizhenriqueds/reddit-br-toxicity-dataset",
            "4eae8bf5f1f8",
            "dataset/toxicity_br_labeled_data.csv",
        ),
        "MIT",
        CAUTION,
        "L. H. Q. Lopes 2024, reddit-br-toxicity-dataset, MIT for personal and research purposes.",
        ("pt",),
        "toxic: toxic 1; not: 0; raters disagree: unknown",
        (2499, 270, 2130),
        mappings.reddit_br,
        "Its README adds “personal and research purposes” to MIT.",
    ),
    Source(
        "ro_offense_ro",
        "RO-Offense: offensive language in Romanian comments",
        _one("readerbench/ro-offense", "c31118ac0dc2", "train.csv", "test.csv"),
        "Apache-2.0",
        PERMISSIVE,
        "readerbench 2023, RO-Offense, Apache 2.0.",
        ("ro",),
        "PROFANITY, INSULT, ABUSE: toxic 1 and obscene, insult, identity_hate; OTHER: toxic and these 0",
        (12431, 7892, 4539),
        mappings.ro_offense,
    ),
    Source(
        "ruddit_en",
        "Ruddit: norms of offensiveness for English Reddit comments",
        _one("FreddieHorn/politeness-determinator", "6eb3ade0993c", "ruddit_with_text.csv"),
        "MIT",
        CAUTION,
        "Hada et al. 2021, Ruddit, MIT (annotations); the texts by way of a repository without a licence.",
        ("en",),
        "offensiveness of 0.35 or more: toxic 1; 0 or less: 0; between: unknown",
        (5655, 781, 3378),
        mappings.ruddit,
    ),
    Source(
        "told_br_pt",
        "ToLD-Br: toxic language in Brazilian Portuguese tweets",
        _one("JAugusto97/ToLD-Br", "7804082d06a42b791c456b37a8a80ed9b731198c", "ToLD-BR.csv"),
        "CC-BY-SA-4.0",
        SHAREALIKE,
        "Leite et al. 2020, ToLD-Br, CC BY-SA 4.0.",
        ("pt",),
        "2 of 3 votes for any class: toxic 1; none: 0; one: unknown; obscene, insult and identity_hate the same way",
        (20897, 4037, 11686),
        mappings.told_br,
    ),
    Source(
        "toxic_spans_civil_en",
        "Toxic Spans (ACL 2022) on Civil Comments",
        _one(
            "ipavlopoulos/toxic_spans",
            "beaf170538df",
            "data/comments.csv",
            "data/annotations.csv",
            "data/spans.csv",
        ),
        "CC0-1.0",
        PERMISSIVE,
        "Pavlopoulos et al. 2022, Toxic Spans, CC0; Borkan et al. 2019, Civil Comments, CC0.",
        ("en",),
        "toxic 1 unless most raters marked no span; threat, insult, obscene, identity_hate by most of 3 raters",
        (13708, 9090, 0),
        mappings.toxic_spans,
        "Positives only. The SemEval-2021 test is for judging and not among them.",
    ),
    Source(
        "tupy_pt",
        "TuPy: hate speech in Brazilian Portuguese tweets",
        _one(
            "Silly-Machine/TuPyE-Expanded-Brazilian-Hate-Speech-Dataset",
            "b89c2c3a8d3bc784677f12131e2c2ee560909886",
            "binary/binary_train.csv",
            "binary/binary_test.csv",
        ),
        "CC-BY-4.0",
        PERMISSIVE,
        "Oliveira, Reis and Ebecken 2023, TuPy, CC BY 4.0.",
        ("pt",),
        "aggressive: toxic 1, hate identity_hate 1; neither: toxic, identity_hate 0",
        (9921, 1722, 8199),
        mappings.tupy,
        "Only the rows of Oliveira et al.: the others of TuPyE have other licences.",
    ),
)
BY_NAME = {source.name: source for source in SOURCES}
WIKI_TOXIC = Ingredient(
    "wiki_toxic",
    licence="CC0-1.0 (labels); CC-BY-SA-3.0 (texts)",
    licence_class=SHAREALIKE,
    attribution='Kaggle "Jigsaw Toxic Comment Classification Challenge", texts by Wikipedia contributors.',
)
CONTRAST = "contrast"
MADE_BY_RULE = ("disguised", "buried", "quoted", "exchanged", CONTRAST)


def ingredients_of_rows(names: Sequence[str], weights: Sequence[float]) -> list[Ingredient]:
    """Return what rows come from, by the source that each names, with rows and weight, most weight first.

    Rows made by rule stand under what the rule did, their first word; a source that is none of these has no known
    licence.
    """
    rows: Counter[str] = Counter()
    weight: dict[str, float] = defaultdict(float)
    for name, own in zip(names, weights, strict=True):
        kind = name.split(" ", 1)[0]
        name = kind if kind in MADE_BY_RULE else name
        rows[name] += 1
        weight[name] += own
    return [
        _ingredient(name, rows[name], total)
        for name, total in sorted(weight.items(), key=lambda one: -one[1])
    ]


def _ingredient(name: str, rows: int, weight: float) -> Ingredient:
    if name in BY_NAME:
        source = BY_NAME[name]
        return Ingredient(name, rows, weight, source.licence, source.licence_class, source.attribution)
    if name == WIKI_TOXIC.name:
        return replace(WIKI_TOXIC, rows=rows, weight=weight)
    if name in MADE_BY_RULE:
        title = f"made by rule: {name}"
        if name == CONTRAST:
            return Ingredient(
                title, rows, weight, "Apache-2.0", OWN, "Sentences composed from patterns of this project."
            )
        licence = "that of the changed rows"
        return Ingredient(
            title, rows, weight, licence, SHAREALIKE, "Rows of the other sources, changed by rule."
        )
    return Ingredient(name, rows, weight)
