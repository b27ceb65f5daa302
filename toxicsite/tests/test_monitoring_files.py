"""The alerts and the dashboard in deploy/ ask for metrics, labels and values that the running site has."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jsonschema
import promql_parser
import pytest
import yaml
from celery import states
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from classifier.models import WebhookDelivery
from classifier.models.policy import Band
from classifier.scoring import heartbeat
from toxicsite.launcher.environment import PROJECT
from toxicsite.lib import metrics

ALERTS = PROJECT / "deploy/prometheus/alerts.yml"
DASHBOARD = PROJECT / "deploy/grafana/dashboard.json"
NO_EXTRA = {"type": "object", "additionalProperties": False}
TEXT = {"type": "string", "minLength": 5}
DURATION = {"type": "string", "pattern": "^[0-9]+[smhdw]$"}
RULES_SCHEMA: dict[str, Any] = {
    **NO_EXTRA,
    "required": ["groups"],
    "properties": {
        "groups": {
            "type": "array",
            "minItems": 1,
            "items": {
                **NO_EXTRA,
                "required": ["name", "rules"],
                "properties": {
                    "name": TEXT,
                    "interval": DURATION,
                    "rules": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            **NO_EXTRA,
                            "required": ["alert", "expr", "labels", "annotations"],
                            "properties": {
                                "alert": {"type": "string", "pattern": "^Toxicsite[A-Za-z]+$"},
                                "expr": TEXT,
                                "for": DURATION,
                                "labels": {
                                    **NO_EXTRA,
                                    "required": ["severity"],
                                    "properties": {"severity": {"enum": ["critical", "warning", "info"]}},
                                },
                                "annotations": {
                                    **NO_EXTRA,
                                    "required": ["summary", "description"],
                                    "properties": {"summary": TEXT, "description": TEXT},
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
VALUES: dict[tuple[str, str], set[str]] = {
    ("toxicsite_up", "server"): {"redis", "database"},
    ("toxicsite_verdicts_total", "band"): {*Band.values, "none"},
    ("toxicsite_scoring_seconds_bucket", "kind"): {"stored", "synchronous"},
    ("toxicsite_tasks_total", "state"): set(states.ALL_STATES),
    ("toxicsite_webhook_deliveries", "status"): set(WebhookDelivery.Status.values),
    ("toxicsite_reference_calls_total", "outcome"): {"answered"},
}
VALUES_BY_PATTERN = {
    ("toxicsite_http_requests_total", "status"),
    ("toxicsite_http_request_seconds_bucket", "route"),
}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"])


def expressions() -> Iterator[tuple[str, promql_parser.Expr, str]]:
    """Yield (place, expression, what its reader shows of labels) of every alert and panel."""
    for rule in rules():
        yield rule["alert"], promql_parser.parse(rule["expr"]), str(rule["annotations"])
    for panel in panels():
        for target in panel.get("targets", ()):
            expression = target["expr"].replace("$__rate_interval", "5m")
            yield panel["title"], promql_parser.parse(expression), target["legendFormat"]


def selectors(expression: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        elif isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(expression, visit)
    return found


def named_labels(expression: promql_parser.Expr) -> set[str]:
    """Return the labels that aggregations and matchings name."""
    names: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            names.update(node.modifier.labels)
        if isinstance(node, promql_parser.BinaryExpr) and node.modifier and node.modifier.matching:
            names.update(node.modifier.matching.labels)

    promql_parser.walk(expression, visit)
    return names


@pytest.fixture
def exposed(db: None, redis_clean: None) -> dict[str, set[str]]:
    """Return the labels of each sample of a page on which every metric has something to show."""
    for definition in metrics.DEFINITIONS:
        values = ["x"] * len(definition.labels)
        if definition.buckets:
            metrics.observe(definition, 1.0, *values)
        else:
            metrics.count(definition, *values)
    heartbeat.beat("one", model_version="starter-1a2b3c4d", backend="fp32", problem="")
    labels: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(Client().get("/metrics").content.decode()):
        for sample in family.samples:
            labels[sample.name] |= set(sample.labels)
    return labels


def test_the_alerts_have_the_form_of_prometheus() -> None:
    jsonschema.validate(yaml.safe_load(ALERTS.read_text(encoding="utf-8")), RULES_SCHEMA)
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 15


def test_a_misspelt_key_of_a_rule_is_noticed() -> None:
    wrong = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))
    wrong["groups"][0]["rules"][0]["fore"] = "5m"
    with pytest.raises(jsonschema.ValidationError, match="'fore' was unexpected"):
        jsonschema.validate(wrong, RULES_SCHEMA)


def test_every_metric_and_label_is_on_the_page(exposed: dict[str, set[str]]) -> None:
    wrong, asked = [], set()
    for place, expression, shown in expressions():
        used = selectors(expression)
        known = {label for selector in used for label in exposed.get(str(selector.name), ())}
        for selector in used:
            asked.add(selector.name)
            if selector.name not in exposed:
                wrong.append(f"{place}: nothing exposes {selector.name}")
            for matcher in selector.matchers.matchers:
                if matcher.name not in exposed.get(str(selector.name), ()):
                    wrong.append(f"{place}: {selector.name} has no label {matcher.name}")
        for label in named_labels(expression) | set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", shown)):
            if label not in known:
                wrong.append(f"{place}: no metric in it has the label {label}")
    assert wrong == []
    unused = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in exposed}
    assert unused - {re.sub("_(bucket|sum|count)$", "", str(name)) for name in asked} == set()


def test_every_value_that_a_label_is_compared_with_is_one_that_it_can_have() -> None:
    wrong, compared = [], 0
    for place, expression, _ in expressions():
        for selector in selectors(expression):
            for matcher in selector.matchers.matchers:
                compared += 1
                pair = str(selector.name), matcher.name
                if pair not in VALUES_BY_PATTERN and matcher.value not in VALUES[pair]:
                    wrong.append(f"{place}: {pair} is never {matcher.value}")
    assert wrong == []
    assert compared > 10


def test_every_bound_of_a_quantile_lies_within_the_buckets() -> None:
    """A threshold above the last bucket would never be passed: a quantile ends there."""
    for rule in rules():
        for bound in re.findall(r"histogram_quantile\(.*\)\s*> ([0-9.]+)", rule["expr"], re.DOTALL):
            assert float(bound) in metrics.SECONDS, rule["alert"]


def test_rates_look_at_more_than_two_scrapes() -> None:
    for rule in rules():
        for window in re.findall(r"\[(\w+)\]", rule["expr"]):
            assert promql_parser.parse_duration(window) >= timedelta(minutes=5), rule["alert"]


def test_the_dashboard_has_the_form_of_grafana() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert {"uid", "title", "schemaVersion", "templating", "time", "panels"} <= set(board)
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
        if panel["type"] == "row":
            continue
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(source["uid"] == "${datasource}" for source in sources), panel["title"]


def test_the_page_of_the_docs_lists_every_alert() -> None:
    page = (PROJECT / "docs/operate/metrics.md").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in page] == []
