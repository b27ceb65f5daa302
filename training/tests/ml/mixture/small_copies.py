# ruff: noqa: E501, RUF001
"""Small copies of the public sets in their real formats: a few rows each, written here, and what they become.

COPIES has, for each source, {path: content} and the rows expected of it: (text, label, split, the known labels). Words
that are rude in the real sets are mild here.
"""

import io
import json
import zipfile
from pathlib import Path

from training.ml.mixture.sources import BY_NAME, NEWS_LANGUAGES, Repository

Known = dict[str, int]
Expected = tuple[str, int, str, Known]
ALL_ZERO = dict.fromkeys(("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"), 0)


def _zip(members: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return held.getvalue()


def _convabuse_header() -> str:
    names = ["example_id", "conv_id", "prev_agent", "prev_user", "agent", "user", "bot"]
    kinds = ("ableist", "homophobic", "intellectual", "racist", "sexist", "sex_harassment", "transphobic")
    rest = ("target.generalised", "target.individual", "target.system", "explicit", "implicit")
    for number in range(1, 9):
        names += [f"Annotator{number}_is_abuse.{grade}" for grade in (1, 0, -1, -2, -3)]
        for kind in kinds:  # the real header repeats the sixth annotator's transphobic
            names.append(f"Annotator{6 if kind == 'transphobic' and number > 6 else number}_{kind}")
        names += [f"Annotator{number}_{each}" for each in rest]
    return ",".join(names)


def _convabuse_row(text: str, *raters: tuple[int, str]) -> str:
    cells = ["1.0", "2.0", "_", "_", "Please go on.", f'"{text}"', "E.L.I.Z.A."]
    kinds = ("ableist", "homophobic", "intellectual", "racist", "sexist", "sex_harassment", "transphobic")
    for grade, kind in raters:
        cells += ["1" if grade == each else "0" for each in (1, 0, -1, -2, -3)]
        cells += ["1" if kind == each else "0" for each in kinds]
        cells += ["0", "0", "1", "1", "0"] if grade < 0 else ["0"] * 5
    cells += [""] * (17 * (8 - len(raters)))
    return ",".join(cells)


def _hatexplain(post: str, labels: list[int], text: str) -> str:
    raters = {"label": labels, "annotator_id": [1, 2, 3], "target": [["None"], ["None"], ["None"]]}
    return f'{post},"{raters}",[],"{text.split()}",[],{text},{text},"Output, with a comma"'


def _tables(*splits: tuple[str, str]) -> dict[str, str]:
    return dict(splits)


_TM4 = json.dumps(
    [
        {
            "conversation_id": "dlg-1",
            "utterances": [
                {"index": 0, "speaker": "user", "text": "A pot of green tea and two cups, please."},
                {"index": 1, "speaker": "assistant", "text": "Anything to eat with your pot of tea?"},
                {"index": 2, "speaker": "user", "text": "No, thanks."},
            ],
        }
    ]
)
_NO_DIALOGUES = "[]"

COPIES: dict[str, tuple[dict[str, str | bytes], list[Expected]]] = {
    "beep_ko": (
        {
            "labeled/train.tsv": 'comments\tcontain_gender_bias\tbias\thate\n그는 "배우다\tFalse\tnone\tnone\n별로인 사람\tFalse\tnone\toffensive\n',
            "labeled/dev.tsv": "comments\tcontain_gender_bias\tbias\thate\n저 집단은 싫다\tTrue\tgender\thate\n",
        },
        [
            ('그는 "배우다', 0, "train", {"toxic": 0, "insult": 0}),
            ("별로인 사람", 1, "train", {"toxic": 1}),
            ("저 집단은 싫다", 1, "dev", {"toxic": 1}),
        ],
    ),
    "benign_news_sentences_multi": (
        {
            f"language-testdata/sentences/{language}.txt": f"A sentence of {language}.\nAnother one, {language}.\n"
            for language in NEWS_LANGUAGES
        },
        [
            (text, 0, "all", ALL_ZERO)
            for language in NEWS_LANGUAGES
            for text in (f"A sentence of {language}.", f"Another one, {language}.")
        ],
    ),
    "benign_tasks_en": (
        {
            "banking_data/train.csv": "text,category\nWhere is my new card?,card_arrival\n",
            "banking_data/test.csv": 'text,category\n"My card, it seems, is late",card_arrival\n',
            "data/data_full.json": json.dumps(
                {"oos_val": [["how tall is a giraffe", "oos"]], "train": [["set an alarm for six", "alarm"]]}
            ),
            **{
                f"TM-4-2024/data/data_0{number}.json": _TM4 if number == 3 else _NO_DIALOGUES
                for number in range(7)
            },
        },
        [
            ("Where is my new card?", 0, "train", ALL_ZERO),
            ("My card, it seems, is late", 0, "test", ALL_ZERO),
            ("how tall is a giraffe", 0, "oos_val", ALL_ZERO),
            ("set an alarm for six", 0, "train", ALL_ZERO),
            ("A pot of green tea and two cups, please.", 0, "all", ALL_ZERO),
        ],
    ),
    "cold_zh": (
        {
            "COLDataset/train.csv": ",split,topic,label,TEXT\n0,train,race,0,今天天气很好\n1,train,race,1,这种人真讨厌\n",
            "COLDataset/dev.csv": ",split,topic,label,TEXT\n0,dev,region,0,这个地方的菜好吃\n",
            "COLDataset/test.csv": ",split,topic,label,fine-grained-label,TEXT\n0,test,gender,1,1,又是一个笨蛋\n",
        },
        [
            ("今天天气很好", 0, "train", {"toxic": 0}),
            ("这种人真讨厌", 1, "train", {"toxic": 1}),
            ("这个地方的菜好吃", 0, "dev", {"toxic": 0}),
            ("又是一个笨蛋", 1, "test", {"toxic": 1}),
        ],
    ),
    "convabuse_en": (
        {
            "2_splits/ConvAbuseEMNLPtrain.csv": "\n".join(
                (
                    _convabuse_header(),
                    _convabuse_row("you are slow, robot", (-1, "intellectual"), (-2, ""), (1, "")),
                    _convabuse_row("what is the weather", (1, ""), (1, ""), (1, "")),
                )
            ),
            "2_splits/ConvAbuseEMNLPvalid.csv": "\n".join(
                (_convabuse_header(), _convabuse_row("hm", (-1, "sexist"), (1, ""), (1, "")))
            ),
            "2_splits/ConvAbuseEMNLPtest.csv": "\n".join(
                (
                    _convabuse_header(),
                    _convabuse_row("a girl robot, so dumb", (-2, "sexist"), (-2, "sexist"), (0, "")),
                )
            ),
        },
        [
            ("you are slow, robot", 1, "train", {"toxic": 1, "identity_hate": 0}),
            ("what is the weather", 0, "train", {"toxic": 0, "identity_hate": 0}),
            ("hm", -1, "valid", {}),
            ("a girl robot, so dumb", 1, "test", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
    "curse_ko": (
        {"dataset.txt": "좋은 하루|0\n바보 | 멍청이|1\n\n"},
        [("좋은 하루", 0, "all", {"toxic": 0, "obscene": 0}), ("바보 | 멍청이", 1, "all", {"toxic": 1})],
    ),
    "davidson_en": (
        {
            "data/labeled_data.csv": ",count,hate_speech,offensive_language,neither,class,tweet\n"
            '0,3,0,0,3,2,"RT @friend: mind the gap,\nplease"\n1,3,0,3,0,1,darn it\n2,3,3,0,0,0,go back to your island\n'
        },
        [
            (
                "RT @friend: mind the gap,\nplease",
                0,
                "all",
                {"toxic": 0, "severe_toxic": 0, "threat": 0, "insult": 0, "identity_hate": 0},
            ),
            ("darn it", 1, "all", {"toxic": 1, "obscene": 1}),
            ("go back to your island", 1, "all", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
    "edos_en": (
        {
            "data/edos_labelled_aggregated.csv": "rewire_id,text,label_sexist,label_category,label_vector,split\n"
            "r-1,The shop opens at nine,not sexist,none,none,train\n"
            'r-2,"Women, as ever",sexist,2. derogation,2.1 descriptive attacks,dev\n'
            'r-3,She had it coming,sexist,"1. threats, plans to harm and incitement",1.1 threats of harm,test\n'
        },
        [
            ("The shop opens at nine", 0, "train", {}),
            ("Women, as ever", 1, "dev", {"toxic": 1, "identity_hate": 1}),
            ("She had it coming", 1, "test", {"toxic": 1, "identity_hate": 1, "threat": 1}),
        ],
    ),
    "gab_hate_en": (
        {
            "ghc_train.tsv": 'text\thd\tcv\tvo\nGood morning\t0\t0\t0\nDarn them all\t0\t0\t1\n"They, ""those"", are less"\t1\t0\t1\n',
            "ghc_test.tsv": "text\thd\tcv\tvo\nTo the gallows with the mayor\t0\t1\t0\n",
        },
        [
            ("Good morning", 0, "train", {"toxic": 0, "identity_hate": 0}),
            ("Darn them all", 0, "train", {"toxic": 1, "obscene": 1, "identity_hate": 0}),
            ('They, "those", are less', 1, "train", {"toxic": 1, "obscene": 1, "identity_hate": 1}),
            ("To the gallows with the mayor", 1, "test", {"toxic": 1, "identity_hate": 0}),
        ],
    ),
    "gahd_de": (
        {
            "gahd.csv": "gahd_id,text,label,round,split,contrastive_gahd_id\n"
            'g1,"Sie kochen gut, finde ich",0,R1,train,\ng2,Die taugen alle nichts,1,R4,dev,g1\n'
        },
        [
            ("Sie kochen gut, finde ich", 0, "train", {"identity_hate": 0}),
            ("Die taugen alle nichts", 1, "dev", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
    "germeval2018_de": (
        {
            "germeval2018.training.txt": '@wer Der "Zug kommt\tOTHER\tOTHER\n@wer So ein Esel\tOFFENSE\tINSULT\n',
            "germeval2018.test.txt": "@wer Verflixt|LBR|nochmal\tOFFENSE\tPROFANITY\n@wer Die gehen alle\tOFFENSE\tABUSE\n",
        },
        [
            ('@wer Der "Zug kommt', 0, "train", ALL_ZERO),
            ("@wer So ein Esel", 1, "train", {"toxic": 1, "insult": 1}),
            ("@wer Verflixt|LBR|nochmal", 1, "test", {"toxic": 1, "obscene": 1}),
            ("@wer Die gehen alle", 1, "test", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
    "goemotions_benign_en": (
        {
            "data/original/train.tsv": 'What a lovely "garden\t0,17\tid1\nThat is damn good cake\t0\tid2\n',
            "data/original/dev.tsv": "I cannot agree with that\t10\tid3\nDamn\t27\tid4\n",
            "data/original/test.tsv": "It leaves at noon\t27\tid5\nThis crap annoys me\t3,27\tid6\n",
        },
        [
            ('What a lovely "garden', 0, "train", ALL_ZERO),
            ("That is damn good cake", 0, "train", {**ALL_ZERO, "obscene": 1}),
            ("I cannot agree with that", -1, "dev", {}),
            ("Damn", -1, "dev", {"obscene": 1}),
            ("It leaves at noon", 0, "test", ALL_ZERO),
            ("This crap annoys me", -1, "test", {"obscene": 1}),
        ],
    ),
    "hatemojibuild_en": (
        {
            f"HatemojiBuild/{split}.csv": "entry_id,text,type,target,round.base,round.set,set,split,label_gold,"
            "matched_text,matched_id\n" + rows
            for split, rows in _tables(
                ("train", "1,I like 🐱 and 🐶,none,['none'],5,5a,original,train,0,\"I dislike 🐱, 🐶\",2\n"),
                ("validation", "3,they are all 🐍,derogation,\"['a', 'b']\",5,5b,perturbation,dev,1,x,4\n"),
                ("test", "5,🔨 is what they get,threateninglanguage,['a'],6,6a,original,test,1,x,6\n"),
            ).items()
        },
        [
            ("I like 🐱 and 🐶", 0, "train", {"toxic": 0, "threat": 0, "identity_hate": 0}),
            ("they are all 🐍", 1, "validation", {"toxic": 1, "identity_hate": 1}),
            ("🔨 is what they get", 1, "test", {"toxic": 1, "threat": 1, "identity_hate": 1}),
        ],
    ),
    "hatexplain_part_en": (
        {
            "data/disagreement_samples.csv": "post_id,text,text_length,label_1,label_2,label_3,majority_label,"
            "agreement_type,unique_labels,has_disagreement,target_groups,highlighted_words,rca_category\n"
            "1_gab,<user> the bus was late,5,normal,normal,offensive,normal,Partial,2,True,None,,Other/Unclear\n"
            '2_gab,they ruin it,3,normal,hatespeech,normal,normal,Partial,2,True,"None,Arab",,Other/Unclear\n'
            "3_gab,so they say,3,normal,offensive,hatespeech,normal,None,3,True,None,,Other/Unclear\n"
            "4_gab,already in validation,3,normal,normal,offensive,normal,Partial,2,True,None,,Other/Unclear\n",
            "data/rationale_extraction/df_val_with_rationales.csv": _hatexplain(
                "4_gab", [1, 1, 2], "already in validation"
            )
            + "\n"
            + _hatexplain("5_gab", [0, 0, 2], "send them home")
            + "\n",
            "data/rationale_extraction/df_test_with_rationales.csv": _hatexplain(
                "6_tw", [2, 2, 1], "what a fool"
            )
            + "\n",
        },
        [
            ("already in validation", 0, "val", {"toxic": 0, "identity_hate": 0}),
            ("send them home", 1, "val", {"toxic": 1, "identity_hate": 1}),
            ("what a fool", 1, "test", {"toxic": 1}),
            ("<user> the bus was late", 0, "train", {"toxic": 0, "identity_hate": 0}),
            ("they ruin it", 0, "train", {"toxic": 0}),
            ("so they say", 0, "undecided", {"toxic": 0}),
        ],
    ),
    "implicit_hate_en": (
        {
            "implicit-hate-corpus.zip": _zip(
                {
                    "__MACOSX/implicit-hate-corpus/implicit_hate_v1_stg1_posts.tsv": "not it",
                    "implicit-hate-corpus/implicit_hate_v1_stg1_posts.tsv": "post\tclass\n"
                    'the "sun sets late\tnot_hate\nthey know their place\timplicit_hate\naway with them\texplicit_hate\n',
                }
            )
        },
        [
            ('the "sun sets late', 0, "all", {"identity_hate": 0}),
            ("they know their place", 1, "all", {"toxic": 1, "identity_hate": 1}),
            ("away with them", 1, "all", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
    "inspectionai_ja": (
        {
            "data/subset.csv": "id,text,Not Toxic,Hard to Say,Toxic,Very Toxic,category_卑語,annotation_num\n"
            "0,よい天気,4,0,0,0,0,4\n1,だめな人,0,1,1,0,0,2\n2,どうだろう,1,0,1,0,0,2\n3,怖い,0,2,0,0,1,2\n"
        },
        [
            ("よい天気", 0, "all", {"toxic": 0}),
            ("だめな人", 1, "all", {"toxic": 1}),
            ("どうだろう", -1, "all", {}),
            ("怖い", 0, "all", {"toxic": 0}),
        ],
    ),
    "kmhas_ko": (
        {
            "data/kmhas_valid.txt": 'document\tlabel\n좋은 "기사입니다\t8\n저 당은 틀렸다\t2\n',
            "data/kmhas_test.txt": "document\tlabel\n늙은 바보\t3,4\n못생겼다\t1\n",
        },
        [
            ('좋은 "기사입니다', 0, "valid", {"toxic": 0, "obscene": 0, "identity_hate": 0}),
            ("저 당은 틀렸다", 1, "valid", {"toxic": 1}),
            ("늙은 바보", 1, "test", {"toxic": 1, "obscene": 1, "identity_hate": 1}),
            ("못생겼다", 1, "test", {"toxic": 1}),
        ],
    ),
    "mlma_en_fr_ar": (
        {
            "hate_speech_mlma.zip": _zip(
                {
                    f"hate_speech_mlma/{name}": "HITId,tweet,sentiment,directness,annotator_sentiment,target,group\n"
                    + rows
                    for name, rows in _tables(
                        ("en_dataset.csv", "1,without its stop words,normal,none,indifference,other,other\n"),
                        (
                            "en_dataset_with_stop_words.csv",
                            '1,"a fine day, @user",normal,none,indifference,other,other\n'
                            "2,they are to blame,offensive_hateful,direct,disgust,origin,other\n"
                            "3,so afraid,fearful,none,fear,other,other\n",
                        ),
                        ("fr_dataset.csv", "4,quel idiot,offensive,direct,anger,other,individual\n"),
                        ("ar_dataset.csv", "5,يوم جميل,normal,none,indifference,other,other\n"),
                    ).items()
                }
            )
        },
        [
            ("a fine day, @user", 0, "all", {"toxic": 0, "identity_hate": 0}),
            ("they are to blame", 1, "all", {"toxic": 1, "identity_hate": 1}),
            ("so afraid", -1, "all", {}),
            ("quel idiot", 1, "all", {"toxic": 1}),
            ("يوم جميل", 0, "all", {"toxic": 0, "identity_hate": 0}),
        ],
    ),
    "offenseval2020_tr": (
        {
            "offenseval-tr-training-v1.tsv": 'id\ttweet\tsubtask_a\n11\t@USER bugün "hava güzel\tNOT\n12\tne kötü adam\tOFF\n',
            "offenseval-tr-testset-v1.tsv": "id\ttweet\n13\tsabah oldu\n14\tsus artık\n",
            "offenseval-tr-labela-v1.tsv": "13,NOT\n14,OFF\n",
        },
        [
            ('@USER bugün "hava güzel', 0, "train", {"toxic": 0}),
            ("ne kötü adam", 1, "train", {"toxic": 1}),
            ("sabah oldu", 0, "test", {"toxic": 0}),
            ("sus artık", 1, "test", {"toxic": 1}),
        ],
    ),
    "online_misogyny_en": (
        {
            "data/final_labels.csv": ",entry_id,link_id,subreddit,author,body,level_1,level_2,level_3,strength,highlight,split\n"
            '1,a1,l1,books,someone,"A long read,\n\nbut worth it",Nonmisogynistic,None_of_the_categories,,,,train\n'
            "2,a2,l1,books,someone,Women cannot write,Misogynistic,Derogation,,,cannot write,test\n"
        },
        [
            ("A long read,\n\nbut worth it", 0, "train", {}),
            ("Women cannot write", 1, "test", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
    "paradetox_en": (
        {
            "paradetox/paradetox.tsv": "toxic\tneutral1\tneutral2\tneutral3\n"
            'what a dumb "plan .\tThe plan is weak.\tI doubt the plan.\t\nhe is a clown\tHe is not serious.\n'
        },
        [
            ('what a dumb "plan .', 1, "all", {"toxic": 1}),
            *(
                (text, 0, "all", {"toxic": 0, "severe_toxic": 0, "obscene": 0, "threat": 0})
                for text in ("The plan is weak.", "I doubt the plan.")
            ),
            ("he is a clown", 1, "all", {"toxic": 1}),
            ("He is not serious.", 0, "all", {"toxic": 0, "severe_toxic": 0, "obscene": 0, "threat": 0}),
        ],
    ),
    "poleval2019_pl": (
        {
            "data/train_text_2.txt": '@anonymized_account Jaki \\"ładny dzień\nAle z ciebie osioł\n',
            "data/train_tags_2.txt": "0\n1\n",
            "data/test_text_2.txt": "Oni wszyscy precz\n",
            "data/test_tags_2.txt": "2\n",
        },
        [
            ('@anonymized_account Jaki \\"ładny dzień', 0, "train", {"toxic": 0, "identity_hate": 0}),
            ("Ale z ciebie osioł", 1, "train", {"toxic": 1}),
            ("Oni wszyscy precz", 1, "test", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
    "reddit_br_pt": (
        {
            "dataset/toxicity_br_labeled_data.csv": 'id,body,label\na,"Bom dia, pessoal",0\nb,Que bobo,1\nc,Sei lá,-1\n'
        },
        [
            ("Bom dia, pessoal", 0, "all", {"toxic": 0}),
            ("Que bobo", 1, "all", {"toxic": 1}),
            ("Sei lá", -1, "all", {}),
        ],
    ),
    "ro_offense_ro": (
        {
            "train.csv": 'id,text,label\n1,"Un meci bun, zic eu",OTHER\n2,La naiba,PROFANITY\n',
            "test.csv": "id,text,label\n3,Ce prost,INSULT\n4,Afara cu ei,ABUSE\n",
        },
        [
            ("Un meci bun, zic eu", 0, "train", {"toxic": 0, "obscene": 0, "insult": 0, "identity_hate": 0}),
            ("La naiba", 1, "train", {"toxic": 1, "obscene": 1}),
            ("Ce prost", 1, "test", {"toxic": 1, "insult": 1}),
            ("Afara cu ei", 1, "test", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
    "ruddit_en": (
        {
            "ruddit_with_text.csv": "comment_id,post_id,offensiveness_score,post_title,comment_body\n"
            'a,p,-0.2,"A ""title""","Thank you, that helps"\nb,p,0.5,t,What a silly thing to say\nc,p,0.2,t,Hm\n'
            "d,p,0.4,t,[deleted]\n"
        },
        [
            ("Thank you, that helps", 0, "all", {"toxic": 0}),
            ("What a silly thing to say", 1, "all", {"toxic": 1}),
            ("Hm", -1, "all", {}),
        ],
    ),
    "told_br_pt": (
        {
            "ToLD-BR.csv": "text,homophobia,obscene,insult,racism,misogyny,xenophobia\n"
            '"bom dia, gente",0.0,0.0,0.0,0.0,0.0,0.0\nque droga,0.0,2.0,1.0,0.0,0.0,0.0\nhm,0.0,0.0,1.0,0.0,0.0,0.0\n'
            "voltem para casa,0.0,0.0,0.0,0.0,0.0,3.0\n"
        },
        [
            ("bom dia, gente", 0, "all", {"toxic": 0, "obscene": 0, "insult": 0, "identity_hate": 0}),
            ("que droga", 1, "all", {"toxic": 1, "obscene": 1, "identity_hate": 0}),
            ("hm", -1, "all", {"obscene": 0, "identity_hate": 0}),
            ("voltem para casa", 1, "all", {"toxic": 1, "obscene": 0, "insult": 0, "identity_hate": 1}),
        ],
    ),
    "toxic_spans_civil_en": (
        {
            "data/comments.csv": 'comment_id,comment_text\n7,"What a fool, honestly"\n8,Nothing wrong here\n9,All of it is rude\n',
            "data/annotations.csv": "annotation,comment_id,worker,country,all toxic,not toxic\n"
            "0,7,1,USA,False,False\n1,7,2,VEN,False,False\n2,7,3,USA,False,True\n"
            "3,8,1,USA,False,True\n4,8,2,VEN,False,True\n5,8,3,USA,False,False\n"
            "6,9,1,USA,True,False\n7,9,2,VEN,True,False\n8,9,3,USA,False,True\n",
            "data/spans.csv": "annotation,type,start,end\n0,Insult,7,11\n1,Insult,7,11\n1,Profane/Obscene,7,11\n5,Threat,0,7\n",
        },
        [
            (
                "What a fool, honestly",
                1,
                "acl2022",
                {"toxic": 1, "insult": 1, "threat": 0, "identity_hate": 0},
            ),
            ("Nothing wrong here", -1, "acl2022", {}),
            (
                "All of it is rude",
                1,
                "acl2022",
                {"toxic": 1, "insult": 0, "threat": 0, "obscene": 0, "identity_hate": 0},
            ),
        ],
    ),
    "tupy_pt": (
        {
            "binary/binary_train.csv": "source,text,researcher,year,aggressive,hate\n"
            'twitter,"oi, tudo bem",oliveira et al,2023,0,0\ninstagram,de outro conjunto,vargas et al,2021,1,1\n'
            "twitter,que raiva de voce,oliveira et al,2023,1,0\n",
            "binary/binary_test.csv": "source,text,researcher,year,aggressive,hate\ntwitter,fora daqui,oliveira et al,2023,1,1\n",
        },
        [
            ("oi, tudo bem", 0, "train", {"toxic": 0, "identity_hate": 0}),
            ("que raiva de voce", 1, "train", {"toxic": 1}),
            ("fora daqui", 1, "test", {"toxic": 1, "identity_hate": 1}),
        ],
    ),
}


def write_mirror(folder: Path, *names: str) -> Path:
    """Write the copies of these sources (all by default) into a folder, laid out as a mirror is."""
    for name in names or tuple(COPIES):
        contents, _ = COPIES[name]
        for origin in BY_NAME[name].origins:
            for path in origin.paths:
                file = folder / origin.folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                content = contents[path]
                file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def addresses(name: str) -> list[str]:
    """Return where the web would have the files of a source in repositories, from the host on."""
    return [
        f"/{origin.name}/{origin.commit}/{path}"
        for origin in BY_NAME[name].origins
        if isinstance(origin, Repository)
        for path in origin.paths
    ]
