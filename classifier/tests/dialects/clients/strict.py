"""What strict clients demand of a reply, as JSON Schema: every key there, of its type, and no value out of range."""

from typing import Any

PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}
TEXT = {"type": "string", "minLength": 1}
CATEGORIES = [
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
]


def closed(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def many(items: dict[str, Any], least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


SCORE = closed({"value": PROBABILITY, "type": {"const": "PROBABILITY"}})
OFFSET = {"type": "integer", "minimum": 0}
ATTRIBUTE = closed(
    {
        "summaryScore": SCORE,
        "spanScores": many(closed({"begin": OFFSET, "end": OFFSET, "score": SCORE})),
    }
)
MODERATED = closed(
    {
        "action": {"enum": ["approve", "review", "remove"]},
        "flagged": {"type": "boolean"},
        "policyVersion": {"type": "integer", "minimum": 1},
        "rules": many(TEXT, 0),
    }
)
ANALYZE = closed(
    {
        "attributeScores": {"type": "object", "additionalProperties": ATTRIBUTE, "minProperties": 1},
        "languages": many(TEXT),
        "detectedLanguages": many(TEXT),
        "clientToken": TEXT,
        "modelVersion": TEXT,
        "moderation": MODERATED,
    },
    optional=("clientToken",),
)
SUGGEST = closed({"clientToken": TEXT, "detectedLanguages": many(TEXT), "requestedLanguages": many(TEXT)})
GOOGLE_ERROR = closed(
    {
        "error": closed(
            {
                "code": {"type": "integer", "minimum": 400, "maximum": 599},
                "message": TEXT,
                "status": {"type": "string", "pattern": "^[A-Z_]+$"},
                "details": many({"type": "object", "required": ["@type"]}),
            }
        )
    }
)
MODERATION = closed(
    {
        "id": {"type": "string", "pattern": "^modr-"},
        "model": TEXT,
        "results": many(
            closed(
                {
                    "flagged": {"type": "boolean"},
                    "categories": closed({name: {"type": "boolean"} for name in CATEGORIES}),
                    "category_scores": closed(dict.fromkeys(CATEGORIES, PROBABILITY)),
                    "category_applied_input_types": closed(
                        {name: many({"enum": ["text", "image"]}, 0) for name in CATEGORIES}
                    ),
                    "moderation": MODERATED,
                }
            )
        ),
    }
)
OPENAI_ERROR = closed(
    {
        "error": closed(
            {
                "message": TEXT,
                "type": TEXT,
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            }
        )
    }
)
PREDICTION = many(closed({"label": TEXT, "score": {"type": "number"}}))
PREDICTIONS = many(PREDICTION)
TEI_KINDS = ["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"]
TEI_ERROR = closed({"error": TEXT, "error_type": {"enum": TEI_KINDS}})
