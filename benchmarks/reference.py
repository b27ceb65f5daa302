"""What a reference service beside this site costs the callers of Perspective's analyze call, and stored comments.

The calls alternate between keys that ask nobody, observe, observe a service that hangs, and follow, so that whatever
else the machine does affects all alike; after each call a comment is stored and waited for. The services are stubs.
"""

import json
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks.core import Options, Row
from benchmarks.site import Client, Site, running_site
from benchmarks.texts import texts
from classifier.tests.references.stub import serving

WARM_UP = 20
BAR_MILLISECONDS = 1.0
OFF, OBSERVE, HANGS, FOLLOW = "off", "observe", "observe, the service hangs", "follow"
ANALYZE = "/v1alpha1/comments:analyze"
# What a way needs: the mode of its key, which stub it is, and the calls a second that its service allows.
WAYS = {OFF: ("off", "good", 1), OBSERVE: ("observe", "good", 1), HANGS: ("observe", "hang", 8)} | {
    FOLLOW: ("follow", "good", 1_000)
}
MAKE_KEYS = """
import json, sys
from classifier.models import ReferenceMode, User
from classifier.api_keys.services import api_key_create
from classifier.references.services import reference_mode_set
from classifier.references.services import ReferenceFields, reference_create
keys = {}
for name, (mode, url, rate) in json.loads(%r).items():
    fields = ReferenceFields(name, "perspective", url, calls_per_second=rate)
    service = reference_create(fields=fields, key="", by=None)
    owner = User.objects.get(username="moderator")
    key, keys[name] = api_key_create(name=name, owner=owner, scopes=["score"])
    reference_mode_set(api_key=key, mode=ReferenceMode(mode), service=service, by=None)
print("KEYS", json.dumps(keys))
"""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--reference-calls", type=int, default=200, help="calls of each key beside a reference [%(default)s]"
    )


def run(options: Options) -> list[Row]:
    """Return one row for each way, and what observing costs above asking nobody."""
    sample = texts(options.data, options.text_column, options.reference_calls)
    analyze: dict[str, list[float]] = {name: [] for name in WAYS}
    verdicts: dict[str, list[float]] = {name: [] for name in WAYS}
    with serving(key=None) as good, serving(key=None) as hanging:
        hanging.way = "hang"
        settings = {
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEBHOOK_ALLOWED_PORTS": f"{good.port},{hanging.port}",
        }
        with running_site(options.model, settings=settings, deliveries=True) as site:
            urls = {"good": good.url, "hang": hanging.url}
            clients = _clients(site, urls)
            submitter = site.client()
            warm_up = sample[:WARM_UP]
            for number, text in enumerate([*warm_up, *sample]):
                for name, client in clients.items():
                    asked, stored = _timed(client, text), _timed_comment(submitter, f"{text} {name}")
                    if number >= len(warm_up):
                        analyze[name].append(asked)
                        verdicts[name].append(stored)
            hanging.released.set()
    rows = [
        Row(name, {**_columns("analyze", analyze[name]), **_columns("comment", verdicts[name])})
        for name in WAYS
    ]
    for name in (OBSERVE, HANGS):
        cost = statistics.median(analyze[name]) - statistics.median(analyze[OFF])
        what = f"{name}, above off (bar: {BAR_MILLISECONDS:g} ms)"
        rows.append(Row(what, {"analyze p50 ms": f"{cost:.2f}"}, passed=cost <= BAR_MILLISECONDS))
    return rows


def _clients(site: Site, urls: dict[str, str]) -> dict[str, Client]:
    """Return a kept-alive connection for the key of each way."""
    wanted = {name: (mode, urls[stub], rate) for name, (mode, stub, rate) in WAYS.items()}
    printed = site.manage("shell", "--no-imports", "-c", MAKE_KEYS % json.dumps(wanted))
    line = next(line for line in printed.splitlines() if line.startswith("KEYS "))
    keys: dict[str, str] = json.loads(line.removeprefix("KEYS "))
    return {name: replace(site, key=keys[name]).client() for name in WAYS}


def _timed(client: Client, text: str) -> float:
    body = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, "languages": ["en"]}
    return _call(client, ANALYZE, body, 200)


def _timed_comment(client: Client, text: str) -> float:
    return _call(client, "/api/v1/comments/?wait=10", {"text": text, "source": "benchmark"}, 201)


def _call(client: Client, path: str, body: dict[str, Any], wanted: int) -> float:
    began = time.perf_counter()
    status, answer = client.post(path, body)
    taken = (time.perf_counter() - began) * 1_000
    if status != wanted:
        raise RuntimeError(f"{path} answered {status}: {answer}")
    return taken


def _columns(title: str, taken: Sequence[float]) -> dict[str, str]:
    ordered = sorted(taken)
    return {
        f"{title} p50 ms": f"{statistics.median(ordered):.2f}",
        f"{title} p95 ms": f"{ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]:.2f}",
    }
