"""Fills a database with many comments as a busy site would have them, by SQL alone: a million in minutes.

5 % wait for a person, two thirds of the others are decided (half of those by a policy), the rest is classified. They
came in over 90 days from five sources; one text in fifty is a copy of an earlier one.
"""

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import connection, transaction

from benchmarks.texts import WORDS
from classifier.inference.labels import JIGSAW_LABELS
from classifier.models import ModelVersion, Policy, Source

SOURCES = 5
DAYS = 90

VALUES = """
CREATE TEMPORARY TABLE made AS
SELECT
    g AS id,
    g % 20 = 0 AS waits,
    g % 3 > 0 AS decided,
    g % 6 = 1 AS automatic,
    now() - {days} * interval '1 day' * (1 - g::float8 / {count}) AS came,
    power(random(), CASE WHEN g % 20 = 0 THEN 0.5 ELSE 4 END) AS score
FROM generate_series(1, {count}) AS g
"""
COMMENTS = """
INSERT INTO classifier_comment (
    id, source_id, external_id, text, author_ref, status, created_at, attempts, failure_reason, classified_at,
    current_prediction_id, current_decision_id, queued_at, queue_reasons, band, policy_id, risk, uncertainty,
    report_count, is_escalated, has_open_appeal, disagrees_with_shadow, text_hash, sketch
)
SELECT
    id,
    (%(sources)s::bigint[])[1 + (id / 20 %% %(places)s)::int],
    'import-' || id,
    text,
    'author-' || (id * 7919 %% 50000),
    CASE WHEN decided AND NOT waits THEN 'decided' ELSE 'classified' END,
    came, 1, '', came + interval '1 second', id,
    CASE WHEN decided AND NOT waits THEN id END,
    CASE WHEN waits THEN came + interval '1 second' END,
    CASE WHEN score >= 0.5 THEN jsonb_build_array(jsonb_build_object(
        'kind', 'band', 'band', 'review', 'label', 'toxic', 'score', score, 'threshold', 0.5
    )) ELSE '[]' END,
    CASE WHEN score >= 0.95 THEN 'remove' WHEN score >= 0.5 THEN 'review' ELSE 'approve' END,
    %(policy)s, score, abs(score - 0.5),
    CASE WHEN id %% 97 = 0 THEN 1 + id / 97 %% 4 ELSE 0 END,
    waits AND id %% 50 = 0, false, id %% 40 = 0,
    hashtextextended(text, 0),
    ARRAY(SELECT hashtextextended(text, part)::bit(32)::int FROM generate_series(1, 8) AS part)
FROM made JOIN made_text USING (id)
"""
PREDICTIONS = """
INSERT INTO classifier_prediction (
    id, comment_id, model_version_id, scores, verdict, score, threshold, windows, created_at
)
SELECT
    id, id, %(version)s,
    jsonb_build_object(
        'toxic', score, 'severe_toxic', score / 8, 'obscene', score / 2, 'threat', score / 9, 'insult', score / 2,
        'identity_hate', score / 7
    ),
    CASE WHEN score >= 0.5 THEN 'toxic' ELSE 'non-toxic' END, score, 0.5, 1, came + interval '1 second'
FROM made
"""
DECISIONS = """
INSERT INTO classifier_decision (
    id, comment_id, action, reason, labels, marks, note, by_id, prediction_id, policy_id, automatic, seconds, created_at
)
SELECT
    id, id, CASE WHEN score >= 0.5 THEN 'remove' ELSE 'approve' END, '', '{}', '[]', '',
    CASE WHEN automatic THEN NULL ELSE (%(people)s::bigint[])[1 + (id %% %(crowd)s)::int] END,
    id, %(policy)s, automatic, CASE WHEN automatic THEN NULL ELSE 2 + random() * 20 END, came + interval '1 hour'
FROM made WHERE decided AND NOT waits
"""
EVENTS = """
INSERT INTO classifier_commentevent (comment_id, old, new, actor_id, reason, created_at)
SELECT id, 'pending', 'classified', NULL, 'scored', came + interval '1 second' FROM made
UNION ALL
SELECT
    id, 'classified', 'decided',
    CASE WHEN automatic THEN NULL ELSE (%(people)s::bigint[])[1 + (id %% %(crowd)s)::int] END,
    '', came + interval '1 hour'
FROM made WHERE decided AND NOT waits
"""
TABLES = (
    "classifier_comment",
    "classifier_prediction",
    "classifier_decision",
    "classifier_commentevent",
)
INDEXES = """
SELECT indexdef, format('DROP INDEX %%I', indexname) FROM pg_indexes
WHERE tablename = ANY(%s) AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


def fill(count: int, people: list[int]) -> ModelVersion:
    """Store `count` comments with predictions, decisions by `people` and histories; the tables must be empty.

    Returns the version that is said to have scored them. Needs a role that may switch triggers off.
    """
    version = ModelVersion.objects.create(
        version="benchmark-00000000",
        name="benchmark",
        directory="benchmark",
        sha256="0" * 64,
        labels=list(JIGSAW_LABELS),
        thresholds=dict.fromkeys(JIGSAW_LABELS, 0.5),
        primary_label="toxic",
        manifest={},
    )
    sources = [
        Source.objects.create(slug=f"site-{number}", name=f"Site {number}").pk for number in range(SOURCES)
    ]
    values: dict[str, Any] = {
        "version": version.pk,
        "policy": Policy.objects.filter(source=None).latest("version").pk,
        "sources": sources,
        "people": people,
        "places": len(sources),
        "crowd": len(people),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(INDEXES, [list(TABLES)])
        indexes = cursor.fetchall()
        for _, drop in indexes:
            cursor.execute(drop)
        cursor.execute(VALUES.format(days=DAYS, count=int(count)))
        cursor.execute("CREATE TEMPORARY TABLE made_text (id bigint, text text)")
        cursor.copy_expert("COPY made_text FROM STDIN", _Lines(_texts(count)))
        for statement in (COMMENTS, PREDICTIONS, DECISIONS, EVENTS):
            cursor.execute(statement, values)
        for definition, _ in indexes:
            cursor.execute(definition)
        for table in TABLES[:3]:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {int(count)})")
        cursor.execute("DROP TABLE made, made_text")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return version


class _Lines:
    """A file to read from, made of lines as they are asked for."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines

    def read(self, size: int = -1) -> str:
        return "".join(islice(self.lines, 500))


def _texts(count: int) -> Iterator[str]:
    """Yield rows of id and text: everyday words and many that are rare, 8 to 67 words long."""
    generator = random.Random(4)
    rare = [f"{a}{b}{number}" for a in "bdfgklmnprst" for b in "aeiou" for number in range(70)]
    words = WORDS * (len(rare) // len(WORDS)) + rare
    kept: list[str] = []
    for number in range(1, count + 1):
        if number % 50 == 0:
            text = generator.choice(kept)
        else:
            text = " ".join(generator.choices(words, k=8 + number * 7919 % 60))
            if number % 50 == 1:
                kept.append(text)
        yield f"{number}\t{text}\n"
