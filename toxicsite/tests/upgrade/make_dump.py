"""Make the dump that `test_upgrade` restores: a real installation of this version with something in every table.

    .venv/bin/python -m toxicsite.tests.upgrade.make_dump 0.2.0

starts a site of its own (web server, workers, embedded servers) in a folder that is removed afterwards, uses it the
way people and programs do, and writes VERSION.sql.gz and VERSION.json beside this module. Comments are rows of the
shipped sample. A release does that once, before its first migration after the release; see docs/develop/release.md.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import django

from toxicsite.launcher.environment import PROJECT
from toxicsite.launcher.postgres import programs
from toxicsite.tests.launcher_process import launcher
from toxicsite.tests.ports import free_port

FOLDER = Path(__file__).parent
SECRET_KEY = "the-secret-key-of-the-installation-in-the-upgrade-test"
PASSWORD = "only-for-the-upgrade-test"
WAIT_SECONDS = 300.0
REASONS = [{"code": "insult", "title": "Insult"}, {"code": "spam", "title": "Spam"}]
# Nothing of this version writes these: the admin only shows rows, and people have roles.
EMPTY = {"django_admin_log", "classifier_user_user_permissions"}


def main(version: str) -> None:
    """Fill a site and dump it."""
    with tempfile.TemporaryDirectory(prefix="toxicsite-dump-") as folder, receiver() as hooks:
        var, log, port = Path(folder) / "var", Path(folder) / "log", free_port()
        from classifier.tests.references.stub import serving

        with serving() as stub:
            variables = {
                "VAR_DIR": str(var),
                "PORT": str(port),
                "SECRET_KEY": SECRET_KEY,
                "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
                "WEBHOOK_ALLOWED_PORTS": f"{hooks},{stub.port}",
                "REFERENCE_MAP_MIN_PAIRS": "20",
                "SIGN_IN_FAILURES_MAX": "5",
            }
            with launcher("run", output=log, **variables) as process:
                url = f"http://127.0.0.1:{port}"
                wait_until(lambda: process.poll() is not None or _answers(f"{url}/healthz"), log.read_text)
                assert process.poll() is None, log.read_text()
                os.environ.update(variables, DJANGO_SETTINGS_MODULE="toxicsite.settings")
                django.setup()
                try:
                    known = Site(url, stub.url, f"http://127.0.0.1:{hooks}").fill(Path(folder))
                except BaseException:
                    sys.stderr.write(log.read_text()[-4_000:])
                    raise
                _write(version, known)


class Site:
    """The installation that is filled; `call` speaks to it over HTTP with a key that may do everything."""

    def __init__(self, url: str, stub: str, hooks: str) -> None:
        self.url, self.stub, self.hooks = url, stub, hooks
        self.key = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send JSON, return JSON. Raises AssertionError with the answer where it is an error."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def fill(self, folder: Path) -> dict[str, Any]:
        """Put something into every table; return what a test needs to know of it."""
        from classifier.accounts.services import person_create
        from classifier.models import Source, User

        self.admin = User.objects.get(username="admin")
        self.admin.set_password(PASSWORD)
        self.admin.save()
        self.make_key()
        self.fill_settings()
        self.fill_comments()
        forum = Source.objects.get(slug="forum")
        self.colleague = person_create(
            username="colleague", password=PASSWORD, roles=["Moderator", "Lead"], all_sources=False, sources=[forum],
            by=self.admin,
        )  # fmt: skip
        self.narrow(forum)
        self.fill_review()
        self.fill_quality()
        self.fill_transfers(folder)
        self.fill_references(folder)
        self.fill_training(folder)
        self.fill_privacy()
        self.sign_in()
        return {"secret_key": SECRET_KEY, "api_key": self.key, "username": "admin", "password": PASSWORD}

    def make_key(self) -> None:
        from classifier.api_keys.services import api_key_create, api_key_revoke, api_key_rotate
        from classifier.models import ApiScope

        admin = self.admin
        self.api_key, self.key = api_key_create(
            name="The forum", scopes=ApiScope.values, texts_per_day=100_000, owner=admin, by=admin
        )
        old, _ = api_key_create(name="An old program", scopes=["score"], owner=admin, by=admin)
        api_key_rotate(api_key=old, overlap=timedelta(hours=1), by=self.admin)
        api_key_revoke(api_key=old, by=self.admin)

    def fill_settings(self) -> None:
        from classifier.policies.rules import rule_create, rule_disable

        bands = {"toxic": {"review": 0.3, "remove": 0.97}, "insult": {"review": 0.6}}
        whole = {"bands": bands, "automatic": ["approve"], "reasons": REASONS, "note": "The first one"}
        self.call("PUT", "/api/v1/policies/site/", whole)
        rule_create(name="Rain", kind="phrase", pattern="thank you", band="review", by=self.admin)
        rule_disable(
            rule=rule_create(name="Shouting", kind="regex", pattern="[A-Z]{20,}", by=self.admin),
            by=self.admin,
        )
        events = ["comment.classified", "comment.decided"]
        self.call(
            "POST", "/api/v1/webhooks/", {"name": "Forum", "url": f"{self.hooks}/good", "events": events}
        )
        bad = {"name": "Broken", "url": f"{self.hooks}/bad", "events": events}
        made = self.call("POST", "/api/v1/webhooks/", bad)
        self.call("POST", f"/api/v1/webhooks/{made['id']}/secret/", {"overlap_hours": 24})

    def fill_comments(self) -> None:
        import pyarrow.parquet as pq

        rows = pq.read_table(PROJECT / "training/data/sample/test.parquet")
        short = [str(text) for text in rows["text"].to_pylist() if len(text) < 200]
        self.texts = iter(short)
        self.submit("forum", 50)
        self.submit("blog", 10)
        own = {"bands": {"toxic": {"review": 0.2, "remove": 0.9}}, "reasons": REASONS}
        self.call("PUT", "/api/v1/policies/of/forum/", own)
        newer = {"bands": {"toxic": {"review": 0.5}}, "note": "Stricter"}
        self.call("PUT", "/api/v1/policies/of/forum/shadow/", newer)
        self.submit("forum", 10)

    def submit(self, source: str, count: int) -> None:
        """Send comments as a forum does, and wait for their verdicts."""
        from classifier.models import Comment

        first = Comment.objects.count()
        items = [
            {
                "text": next(self.texts),
                "external_id": f"{source}-{first + number}",
                "author_ref": f"author-{number % 7}",
                "context": ["What do you think of it?"] if number % 5 == 0 else [],
            }
            for number in range(count)
        ]
        self.call("POST", "/api/v1/comments/", {"source": source, "items": items})
        alone = {"source": source, "text": next(self.texts)}
        self.call("POST", "/api/v1/comments/", alone, **{"Idempotency-Key": f"sent-{first}"})
        wait_until(lambda: not Comment.objects.filter(status="pending").exists())

    def narrow(self, forum: Any) -> None:
        """Make a key and a receiver that are for one source."""
        from classifier.api_keys.services import api_key_create

        api_key_create(name="Forum only", owner=self.admin, scopes=["read"], sources=[forum], by=self.admin)
        only = {"name": "Forum only", "url": f"{self.hooks}/good", "events": ["comment.decided"]}
        self.call("POST", "/api/v1/webhooks/", {**only, "sources": ["forum"]})

    def fill_review(self) -> None:
        from classifier.models import Appeal
        from classifier.review.appeals import appeal_resolve
        from classifier.review.bulk import bulk_decide, bulk_preview, bulk_undo
        from classifier.review.filters import QueueFilters
        from classifier.review.saved_queues import saved_queue_create

        api = "/api/v1"
        found = self.call("GET", f"{api}/comments/?limit=100&source=forum")["items"]
        ids = [item["id"] for item in sorted(found, key=lambda item: item["status"] != "classified")]
        for number, action in enumerate(["approve", "remove", "escalate", "skip", "remove", "remove"]):
            body = {"action": action, "note": "A quote?", "reason": "insult" if action == "remove" else ""}
            if number == 1:
                body |= {"labels": {"insult": True}, "marks": [{"begin": 0, "end": 3}]}  # type: ignore[dict-item]
            decided = self.call("POST", f"{api}/comments/{ids[number]}/decisions/", body)
        self.call("POST", f"{api}/decisions/{decided['id']}/undo/", {"note": "Mistaken"})
        self.call("POST", f"{api}/queue/claim/", {})
        for number in (0, 10, 11):
            body = {"reporter_ref": "eve", "reason": "This is nasty."}
            self.call("POST", f"{api}/comments/{ids[number]}/reports/", body)
        for number, answered in ((1, False), (4, True)):
            body = {"message": "It was meant kindly."}
            appeal = self.call("POST", f"{api}/comments/{ids[number]}/appeals/", body)
            if answered:
                row = Appeal.objects.get(pk=appeal["id"])
                appeal_resolve(appeal=row, uphold=True, answer="It stays removed.", by=self.colleague)
        waiting = QueueFilters(source=("blog",), status="all")
        count = bulk_preview(filters=waiting, by=self.admin).count
        bulk = bulk_decide(
            filters=waiting, action="approve", reason="Quiet day", expected_count=count, by=self.admin
        )
        bulk_undo(bulk=bulk, by=self.admin)
        saved_queue_create(name="Reported", filters={"reported": True}, roles=["Moderator"], by=self.admin)
        self.call("PATCH", f"{api}/comments/{ids[20]}/", {"text": next(self.texts)})
        self.call("POST", f"{api}/comments/{ids[21]}/rescan/")
        labels = {"labels": {"toxic": 1, "insult": 0}}
        self.call("POST", f"{api}/feedback/", {"text": next(self.texts), "source": "forum", **labels})
        wrong = self.call("POST", f"{api}/feedback/", {"comment": ids[22], **labels})
        self.call("POST", f"{api}/feedback/{wrong['id']}/reject/")
        for source in ("of/forum", "site"):
            newest = self.call("GET", f"{api}/policies/{source}/")
            self.call(
                "POST", f"{api}/policies/{source}/versions/{newest['version']}/restore/", {"note": "Again"}
            )
        self.ids = ids

    def fill_quality(self) -> None:
        from classifier.models import Comment
        from classifier.quality.blind_reviews import blind_review_next, blind_review_record
        from classifier.quality.golden import golden_add

        for place, comment in enumerate(Comment.objects.filter(pk__in=self.ids[30:44])):
            golden_add(comment=comment, expected="remove" if place % 3 else "approve", by=self.admin)
        shown = blind_review_next(by=self.colleague)
        assert shown is not None
        blind_review_record(comment=shown, action="approve", by=self.colleague)

    def fill_transfers(self, folder: Path) -> None:
        from django.core.management import CommandError, call_command

        from classifier.models import Transfer
        from classifier.review.filters import QueueFilters
        from classifier.transfers.exports import export_create

        file = folder / "old.csv"
        file.write_text("text,external_id,author\n" + f"{next(self.texts)!r},old-1,author-9\n,old-2,\n")
        with suppress(CommandError):  # one row has no text
            call_command("import_comments", str(file), source="archive")
        export_create(filters=QueueFilters(status="all"), file_format="jsonl", by=self.admin)
        self.call("POST", "/api/v1/rescorings/", {"source": "blog", "again": True, "status": "all"})
        wait_until(lambda: not Transfer.objects.filter(status__in=["queued", "running"]).exists())

    def fill_references(self, folder: Path) -> None:
        from django.core.management import call_command

        from classifier.models import ApiKey, ReferenceCall, ReferenceMode, ScoreMap, Transfer
        from classifier.references.score_maps import score_map_switch
        from classifier.references.services import ReferenceFields, reference_create, reference_mode_set
        from classifier.tests.references.stub import GOOD_KEY, score_of

        fields = ReferenceFields(name="Perspective", wire="perspective", url=self.stub, timeout_seconds=5.0)
        service = reference_create(fields=fields, key=GOOD_KEY, by=self.admin)
        key = ApiKey.objects.get(pk=self.api_key.pk)
        reference_mode_set(api_key=key, mode=ReferenceMode.OBSERVE, service=service, by=self.admin)
        for _ in range(3):
            body = {
                "comment": {"text": next(self.texts)},
                "requestedAttributes": {"TOXICITY": {}, "INSULT": {}},
            }
            path = "/v1alpha1/comments:analyze"
            self.call("POST", path, body, **{"User-Agent": "node-superagent/3.8", "X-Goog-Api-Key": self.key})
        wait_until(lambda: ReferenceCall.objects.count() == 3)
        file = folder / "scores.csv"
        texts = [next(self.texts).replace('"', "'") for _ in range(40)]
        lines = [f'"{text}",{score_of(text, "TOXICITY")}' for text in texts]
        file.write_text("\n".join(["text,TOXICITY", *lines]))
        call_command("compare_scores", str(file), store=True, source="forum")
        compared = Transfer.objects.get(kind="compare")
        wanted = {"name": "Perspective", "file": compared.pk, "method": "quantile", "threshold": 0.8}
        made = self.call("POST", "/api/v1/score-maps/", wanted)
        score_map_switch(api_key=key, score_map=ScoreMap.objects.get(pk=made["id"]), by=self.admin)

    def fill_training(self, folder: Path) -> None:
        from classifier.model_versions.shadow import shadow_start
        from classifier.models import ModelVersion, ShadowPrediction
        from training.datasets.known_answers import dataset_from_known_answers
        from training.datasets.label_corrections import dataset_correct, label_fix, label_fix_undo
        from training.datasets.mixtures import dataset_mix
        from training.datasets.services import dataset_from_folder, dataset_make_test_set
        from training.evaluations.suites import suite_create, suite_retire
        from training.models import Experiment
        from training.tests.experiments.runs.conftest import QUICK, write_split
        from training.tests.ml.tiny import write_base

        for seed, (split, count) in enumerate({"train": 200, "validation": 60, "test": 60}.items()):
            write_split(folder / "rows" / f"{split}.parquet", count, seed)
        rows = dataset_from_folder(
            name="Invented rows", folder=folder / "rows", label_columns=("toxic", "insult"), by=self.admin
        )
        dataset_make_test_set(dataset=rows, by=self.admin)
        dataset_from_known_answers(by=self.admin)
        fix = label_fix(dataset=rows, split="train", row=3, label="toxic", by=self.admin)
        label_fix_undo(
            fix=label_fix(dataset=rows, split="train", row=4, label="toxic", by=self.admin), by=self.admin
        )
        corrected = dataset_correct(dataset=fix.dataset, by=self.admin)
        dataset_mix(name="Mixed", parts=[(rows, 1.0), (corrected, 0.5)], by=self.admin)
        suite_create(
            name="Cases", kind="cases", data=b"text,expected\nyou idiot,1\nthank you,0\n", by=self.admin
        )
        retired = b"text,expected\nyou are kind,0\n"
        suite_retire(suite=suite_create(name="Old", kind="cases", data=retired, by=self.admin), by=self.admin)

        config = {"base": str(write_base(folder / "base", layers=2)), **QUICK}
        run = {"name": "A teacher", "recipe": "teacher", "dataset": rows.pk, "config": config}
        started = self.call("POST", "/api/v1/experiments/", run)
        wait_until(lambda: Experiment.objects.get(pk=started["id"]).status in ("succeeded", "failed"))
        done = Experiment.objects.get(pk=started["id"])
        assert done.model_version is not None, f"{done.failure_reason}\n{done.log}"
        self.cancel_a_clone(started["id"])
        self.sweep(rows.pk, config)
        shadow_start(model_version=done.model_version, by=self.admin, reason="Let it try")
        self.submit("forum", 5)
        wait_until(lambda: ShadowPrediction.objects.exists())
        assert ModelVersion.objects.count() == 2
        plan = {
            "enabled": True,
            "after_decisions": 500,
            "weekly": False,
            "recipe": "teacher",
            "mix_with": rows.pk,
        }
        self.call("PUT", "/api/v1/retraining/", {**plan, "decisions_weight": 2.0})

    def cancel_a_clone(self, experiment: int) -> None:
        from training.experiments.services import experiment_cancel, experiment_clone
        from training.models import Experiment

        clone = experiment_clone(
            experiment=Experiment.objects.get(pk=experiment), changes={"name": "Again"}, by=self.admin
        )
        experiment_cancel(experiment=clone, by=self.admin)

    def sweep(self, dataset: int, config: dict[str, Any]) -> None:
        from training.models import Sweep

        loop = {name: value for name, value in config["loop"].items() if name != "learning_rate"}
        wanted = {
            "name": "Rates",
            "recipe": "teacher",
            "config": {**config, "loop": loop},
            "dataset": dataset,
            "space": {"loop.learning_rate": {"type": "float", "low": 1e-3, "high": 3e-3}},
            "objectives": [{"metric": "roc_auc"}],
            "pruner": "none",
            "trials": 2,
        }
        made = self.call("POST", "/api/v1/sweeps/", wanted)
        wait_until(lambda: Sweep.objects.get(pk=made["id"]).is_over)
        assert Sweep.objects.get(pk=made["id"]).status == "succeeded"

    def fill_privacy(self) -> None:
        from django.core.management import call_command

        from classifier.models import ApiKeyUsage, Source, WebhookDelivery
        from classifier.privacy.services import author_erase, retention_set

        author_erase(author="author-6", source=None, by=self.admin)
        retention_set(source=Source.objects.get(slug="blog"), days=365, by=self.admin)
        call_command("statistics", days=2)
        wait_until(lambda: ApiKeyUsage.objects.exists())
        wait_until(lambda: WebhookDelivery.objects.filter(status="delivered").exists())

    def sign_in(self) -> None:
        from django.test import Client

        assert Client().login(username="admin", password=PASSWORD)


def wait_until(ready: Callable[[], bool], why: Callable[[], str] = str) -> None:
    """Wait for workers. Raises AssertionError with `why()` after WAIT_SECONDS."""
    end = time.monotonic() + WAIT_SECONDS
    while not ready():
        assert time.monotonic() < end, f"it did not come about in time {why()}"
        time.sleep(0.2)


@contextmanager
def receiver() -> Iterator[int]:
    """The port of a server that takes webhooks, and answers 500 on /bad."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(500 if self.path == "/bad" else 204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _write(version: str, known: dict[str, Any]) -> None:
    from django.apps import apps
    from django.db import connection

    tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True)]
    with connection.cursor() as cursor:
        empty = set()
        for table in tables:
            cursor.execute(f'SELECT FROM "{table}" LIMIT 1')
            if not cursor.rowcount:
                empty.add(table)
    assert empty <= EMPTY, f"nothing has filled {', '.join(sorted(empty))}"
    (FOLDER / f"{version}.json").write_text(json.dumps(known, indent=2) + "\n")
    (FOLDER / f"{version}.sql.gz").write_bytes(gzip.compress(dump(_url()).encode(), mtime=0))


def _url() -> str:
    from django.db import connection

    found = connection.settings_dict
    return (
        f"postgresql://{found['USER']}@/{found['NAME']}?host={found['OPTIONS'].get('host') or found['HOST']}"
    )


def dump(url: str, *options: str) -> str:
    """Return a database as SQL that any client can run: no commands of psql, no owners."""
    done = subprocess.run(
        [programs() / "pg_dump", "--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=200", *options, url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return re.sub(r"^(\\(un)?restrict .*|--.*|SET transaction_timeout.*)\n", "", done.stdout, flags=re.M)


if __name__ == "__main__":
    main(sys.argv[1])
