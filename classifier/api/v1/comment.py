"""`/api/v1/comments/<id>/`: one comment with every prediction it ever got."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import Endpoint
from classifier.api.permissions import caller
from classifier.api.v1.representation import (
    COMMENT_EXAMPLE,
    PREDICTION_EXAMPLE,
    CommentOutput,
    PredictionOutput,
)
from classifier.models import ApiScope
from classifier.selectors import comment_detail, comments_visible_to


@extend_schema_serializer(component_name="CommentDetail")
class DetailOutput(CommentOutput):
    predictions = PredictionOutput(many=True, help_text="Newest first.")


class CommentEndpoint(Endpoint):
    scopes = {"GET": ApiScope.READ}

    @extend_schema(
        operation_id="read_comment",
        summary="Read one comment",
        description=(
            "With its status, the verdict that counts and every prediction it ever got. "
            "Needs the scope `read`, or a session."
        ),
        responses={200: DetailOutput},
        examples=[
            OpenApiExample(
                "A comment", {**COMMENT_EXAMPLE, "predictions": [PREDICTION_EXAMPLE]}, response_only=True
            )
        ],
    )
    def get(self, request: Request, comment_id: int) -> Response:
        comment = comment_detail(comments=comments_visible_to(user=caller(request)), comment_id=comment_id)
        return Response(DetailOutput(comment, context={"request": request}).data)
