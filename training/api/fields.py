"""The parts of serializers that the endpoints of training use: those of the whole API."""

from classifier.api.values import (
    AnyObject,
    Choice,
    Id,
    IdParameter,
    Names,
    Number,
    PageQuery,
    Text,
    Whole,
    refuse_unstorable,
)

__all__ = [
    "AnyObject",
    "Choice",
    "Id",
    "IdParameter",
    "Names",
    "Number",
    "PageQuery",
    "Text",
    "Whole",
    "refuse_unstorable",
]
