"""The discovery document, from which Google's client libraries build their methods, with this server's addresses."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from classifier.core.error_kinds import ErrorKind
from classifier.dialects.perspective.errors import DIALECT
from classifier.dialects.perspective.requests import SCORE_TYPES, TEXT_TYPES
from classifier.dialects.replies import DialectError, reply
from classifier.dialects.view import DialectView

VERSION = "v1alpha1"
STRING: dict[str, Any] = {"type": "string"}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
NUMBER: dict[str, Any] = {"type": "number", "format": "float"}
INTEGER: dict[str, Any] = {"type": "integer", "format": "int32"}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": name}


def many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def by_name(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def described(what: dict[str, Any], description: str) -> dict[str, Any]:
    return {**what, "description": description}


def choice(values: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": sorted(values), "enumDescriptions": [""] * len(values)}


SCHEMAS: dict[str, dict[str, Any]] = {
    "AnalyzeCommentRequest": {
        "comment": described(ref("TextEntry"), "The comment to score."),
        "requestedAttributes": described(
            by_name(ref("AttributeParameters")), "What to score it for, by name."
        ),
        "languages": described(many(STRING), "The languages of the comment, where they are known."),
        "doNotStore": described(BOOLEAN, "The text reaches no database, log, cache or error report."),
        "spanAnnotations": described(BOOLEAN, "Score each sentence as well."),
        "dropUnsupportedAttributes": described(BOOLEAN, "Leave out whatever cannot be answered."),
        "clientToken": described(STRING, "Comes back in the response."),
        "sessionId": described(STRING, "Kept with the comment where it is stored."),
        "communityId": described(STRING, "The source that the comment is stored under."),
        "context": described(ref("Context"), "Not scored; kept with the comment where it is stored."),
    },
    "AnalyzeCommentResponse": {
        "attributeScores": described(by_name(ref("AttributeScores")), "The scores, by the names asked for."),
        "languages": described(many(STRING), "The languages that the comment was scored as."),
        "detectedLanguages": described(
            many(STRING), "The languages that were identified, several in a mixed text; und if none is clear."
        ),
        "clientToken": STRING,
        "modelVersion": described(STRING, "The model version that answered."),
        "moderation": described(ref("Moderation"), "What the source's policy and rules would do with it."),
        "modelScores": described(
            by_name(NUMBER), "The model's own score, of each that was lifted or mapped."
        ),
        "scoreMap": described(ref("ScoreMap"), "The map that is on for the key, where there is one."),
        "missingAttributes": described(
            by_name(NUMBER), "Those that no label covers; what stands for each, null where it is left out."
        ),
    },
    "ArticleAndParentComment": {"article": ref("TextEntry"), "parentComment": ref("TextEntry")},
    "AttributeParameters": {
        "scoreType": choice(SCORE_TYPES),
        "scoreThreshold": described(NUMBER, "Scores below it are left out."),
    },
    "AttributeScores": {"summaryScore": ref("Score"), "spanScores": many(ref("SpanScore"))},
    "Context": {
        "entries": many(ref("TextEntry")),
        "articleAndParentComment": ref("ArticleAndParentComment"),
    },
    "Moderation": {
        "action": {
            **STRING,
            "enum": ["approve", "remove", "review"],
            "enumDescriptions": ["Nothing to do.", "Take it down.", "A person should look."],
        },
        "flagged": described(BOOLEAN, "True unless it would be approved."),
        "policyVersion": INTEGER,
        "rules": described(many(STRING), "The names of the rules that hit."),
    },
    "Score": {"value": described(NUMBER, "From 0 to 1."), "type": choice(SCORE_TYPES)},
    "ScoreMap": {
        "name": STRING,
        "version": INTEGER,
        "fittedOn": described(STRING, "The model version that it was fitted on."),
    },
    "SpanScore": {
        "begin": described(INTEGER, "In UTF-16 code units of the comment as it was sent."),
        "end": described(INTEGER, "Exclusive."),
        "score": ref("Score"),
    },
    "SuggestCommentScoreRequest": {
        "comment": ref("TextEntry"),
        "attributeScores": described(by_name(ref("AttributeScores")), "What the scores should be."),
        "context": ref("Context"),
        "languages": many(STRING),
        "communityId": STRING,
        "clientToken": STRING,
        "sessionId": STRING,
    },
    "SuggestCommentScoreResponse": {
        "clientToken": STRING,
        "detectedLanguages": many(STRING),
        "requestedLanguages": many(STRING),
    },
    "TextEntry": {"text": described(STRING, "UTF-8, at most 20,480 bytes."), "type": choice(TEXT_TYPES)},
}
PARAMETERS = {
    "alt": {**STRING, "default": "json", "enum": ["json"], "enumDescriptions": [""]},
    "fields": STRING,
    "key": described(STRING, "An API key of this server."),
    "prettyPrint": {**BOOLEAN, "default": "true"},
    "quotaUser": STRING,
    "$.xgafv": {**STRING, "enum": ["1", "2"], "enumDescriptions": ["", ""]},
}


def method(name: str, request: str, response: str, description: str) -> dict[str, Any]:
    path = f"{VERSION}/comments:{name}"
    return {
        "id": f"commentanalyzer.comments.{name}",
        "path": path,
        "flatPath": path,
        "httpMethod": "POST",
        "description": description,
        "parameters": {},
        "parameterOrder": [],
        "request": ref(request),
        "response": ref(response),
    }


METHODS = {
    "analyze": method("analyze", "AnalyzeCommentRequest", "AnalyzeCommentResponse", "Score one comment."),
    "suggestscore": method(
        "suggestscore",
        "SuggestCommentScoreRequest",
        "SuggestCommentScoreResponse",
        "Say what the scores of a comment should be.",
    ),
}


def document(root: str) -> dict[str, Any]:
    """Return the document of a server whose addresses start with `root`, which ends in a slash."""
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"commentanalyzer:{VERSION}",
        "name": "commentanalyzer",
        "version": VERSION,
        "revision": "20261124",
        "title": "Comment analyzer",
        "description": "Scores comments for attributes such as toxicity, with a model that this server runs itself.",
        "protocol": "rest",
        "rootUrl": root,
        "baseUrl": root,
        "basePath": "",
        "servicePath": "",
        "batchPath": "batch",
        "parameters": PARAMETERS,
        "schemas": {
            name: {"id": name, "type": "object", "properties": properties}
            for name, properties in SCHEMAS.items()
        },
        "resources": {"comments": {"methods": METHODS}},
    }


class Discovery(DialectView):
    """The endpoint of the document; it needs no key, because everything in it is in the docs."""

    dialect = DIALECT
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("version", VERSION)
        if asked != VERSION:
            raise DialectError(
                ErrorKind.NOT_FOUND, "Discovery document not found for API service: commentanalyzer"
            )
        return reply(document(request.build_absolute_uri("/")))
