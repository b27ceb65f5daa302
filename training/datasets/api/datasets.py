"""`/api/v1/datasets/`: list datasets, and freeze one from files, the hub, decisions or others."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.base import NoQuery, checked_query
from classifier.api.fields import ChoiceParameter, ClosedSerializer, TimeParameter
from classifier.api.permissions import caller
from training.api.base import NothingInput, TrainingEndpoint, checked, listed, referred, without_body
from training.api.fields import Id, Names, Number, PageQuery, Text
from training.api.uploads import UploadParser, checked_form
from training.datasets.api.output import (
    DATASET_EXAMPLE,
    DETAIL_EXAMPLE,
    KIND_CHOICES,
    DatasetOutput,
    DetailOutput,
    PageOutput,
    made,
)
from training.datasets.api.preview import PREVIEW_EXAMPLE, DecisionsPreviewOutput, preview_output
from training.datasets.columns import label_columns_of
from training.datasets.decision_summary import decisions_summary
from training.datasets.from_decisions import dataset_from_decisions
from training.datasets.hub import dataset_from_hub
from training.datasets.known_answers import dataset_from_known_answers
from training.datasets.mixtures import dataset_mix
from training.datasets.selectors import dataset_list
from training.datasets.services import dataset_from_upload
from training.models import SPLITS, Dataset

MAY_SEE, MAY_ADD = "training.view_dataset", "training.add_dataset"
MADE = OpenApiExample("A dataset", DETAIL_EXAMPLE, response_only=True, status_codes=["201"])
LOADING = {**DETAIL_EXAMPLE, "state": "loading", "rows": {}, "fingerprints": {}}


class ListQuery(PageQuery):
    kind = ChoiceParameter(required=False, choices=KIND_CHOICES)


class _Described(ClosedSerializer):
    name = Text(max_length=150)
    description = Text(required=False, default="", allow_blank=True, max_length=5_000)


class _Credited(_Described):
    attribution = Text(required=False, default="", allow_blank=True, max_length=5_000)
    license_name = Text(required=False, default="", allow_blank=True, max_length=100)


class DatasetUploadInput(_Credited):
    text_column = Text(required=False, default="text", max_length=200)
    label_columns = Text(
        required=False,
        default="toxic",
        max_length=2_000,
        help_text="Comma-separated columns of 0 and 1; `column=label` where the label has another name.",
    )
    train = serializers.FileField(required=False, help_text="CSV, JSONL or parquet.")
    validation = serializers.FileField(required=False, help_text="Cut from `train` where it is missing.")
    test = serializers.FileField(required=False, help_text="Cut from `train` where it is missing.")


class DatasetHubInput(_Credited):
    hub_name = Text(max_length=200)
    text_column = Text(required=False, default="text", max_length=200)
    label_columns = serializers.DictField(
        child=Text(max_length=64), required=False, default={"label": "toxic"}, help_text="{column: label}"
    )
    configuration = Text(required=False, default="", allow_blank=True, max_length=200)
    revision = Text(required=False, default="", allow_blank=True, max_length=200)


class DatasetDecisionsInput(_Described):
    test_share = Number(required=False, default=0.1, help_text="Above 0, at most 0.5.")
    validation_share = Number(required=False, default=0.1, help_text="Above 0, at most 0.5.")
    weight = Number(required=False, default=1.0, help_text="Of each row.")
    sources = Names(required=False, default=list, help_text="Slugs; all where empty.")
    since = TimeParameter(required=False, allow_null=True, default=None)
    until = TimeParameter(required=False, allow_null=True, default=None)


class PartInput(ClosedSerializer):
    dataset = Id()
    weight = Number(required=False, default=1.0, help_text="Above 0, at most 1,000.")


class DatasetMixtureInput(_Described):
    parts = serializers.ListField(child=PartInput(), min_length=2, max_length=10)


class DatasetsEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_SEE, "POST": MAY_ADD}
    parser_classes = [UploadParser]
    media_type_help = UploadParser.media_type_help

    @extend_schema(
        operation_id="list_datasets",
        summary="List datasets, newest first",
        description="Needs the scope `train`, or a session, and the permission to view datasets.",
        parameters=[ListQuery],
        responses={200: PageOutput},
        examples=[OpenApiExample("A page", {"items": [DATASET_EXAMPLE], "next": None}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        query = checked_query(ListQuery, request)
        rows = dataset_list()
        if "kind" in query:
            rows = rows.filter(kind=query["kind"])
        output = DatasetOutput(context={"request": request})
        return listed(rows, query, request, output.to_representation)

    @extend_schema(
        operation_id="upload_dataset",
        summary="Upload a dataset",
        description=(
            "Files of rows as multipart/form-data. Size, columns and every row are checked before anything is "
            "stored; an error names file, row and column."
        ),
        request={"multipart/form-data": DatasetUploadInput},
        responses={201: DetailOutput},
        examples=[
            OpenApiExample(
                "One file",
                {"name": "Forum 2025", "text_column": "body", "label_columns": "toxic,insult", "train": "…"},
                request_only=True,
                media_type="multipart/form-data",
            ),
            MADE,
        ],
    )
    def post(self, request: Request) -> Response:
        body = checked_form(DatasetUploadInput, request)
        dataset = dataset_from_upload(
            files={split: body[split] for split in SPLITS if body.get(split) is not None},
            label_columns=label_columns_of(body["label_columns"]),
            by=caller(request),
            **{
                name: body[name]
                for name in ("name", "text_column", "description", "attribution", "license_name")
            },
        )
        return made(dataset, request)


class DatasetHubEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_ADD}

    @extend_schema(
        operation_id="add_hub_dataset",
        summary="Add a dataset of the Hugging Face hub",
        description="A training worker loads it; `state` says when it is ready, or `problem` why it cannot be.",
        request=DatasetHubInput,
        responses={201: DetailOutput},
        examples=[
            OpenApiExample(
                "wiki_toxic",
                {
                    "name": "wiki_toxic",
                    "hub_name": "OxAISH-AL-LLM/wiki_toxic",
                    "text_column": "comment_text",
                    "label_columns": {"label": "toxic"},
                },
                request_only=True,
            ),
            OpenApiExample("Loading", LOADING, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        return made(dataset_from_hub(by=caller(request), **checked(DatasetHubInput, request)), request)


class DatasetDecisionsEndpoint(TrainingEndpoint):
    needs = {"GET": MAY_ADD, "POST": MAY_ADD}

    @extend_schema(
        operation_id="preview_decisions",
        summary="Count what freezing decisions would take in now",
        description="All sources and times. Each decision that is left out counts under the first reason that holds.",
        responses={200: DecisionsPreviewOutput},
        examples=[OpenApiExample("Counts", PREVIEW_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        checked_query(NoQuery, request)
        return Response(preview_output(decisions_summary()))

    @extend_schema(
        operation_id="freeze_decisions",
        summary="Freeze moderators' decisions into a dataset",
        description="Decisions that nobody has undone; the hash of a text says which split it is in.",
        request=DatasetDecisionsInput,
        responses={201: DetailOutput},
        examples=[
            OpenApiExample("All of them", {"name": "Decisions until November"}, request_only=True),
            MADE,
        ],
    )
    def post(self, request: Request) -> Response:
        body = checked(DatasetDecisionsInput, request)
        return made(dataset_from_decisions(by=caller(request), **body), request)


class DatasetGoldenEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_ADD}

    @extend_schema(
        operation_id="freeze_golden_items",
        summary="Freeze known answers into test rows",
        description="Every known answer in use, as a dataset of test rows alone: nothing can learn from it.",
        request=NothingInput,
        responses={201: DetailOutput},
        examples=[OpenApiExample("Nothing", {}, request_only=True), MADE],
    )
    def post(self, request: Request) -> Response:
        without_body(request)
        return made(dataset_from_known_answers(by=caller(request)), request)


class DatasetMixtureEndpoint(TrainingEndpoint):
    needs = {"POST": MAY_ADD}

    @extend_schema(
        operation_id="mix_datasets",
        summary="Mix datasets into a new one",
        description="Row weights are multiplied by the weight of their part.",
        request=DatasetMixtureInput,
        responses={201: DetailOutput},
        examples=[
            OpenApiExample(
                "Decisions count five times",
                {"name": "Mixed", "parts": [{"dataset": 5, "weight": 5.0}, {"dataset": 4}]},
                request_only=True,
            ),
            MADE,
        ],
    )
    def post(self, request: Request) -> Response:
        body = checked(DatasetMixtureInput, request)
        parts: list[tuple[Dataset, float]] = []
        for place, part in enumerate(body["parts"]):
            row = referred(Dataset.objects.usable(), part["dataset"], f"parts[{place}].dataset", "dataset")
            assert row is not None
            parts.append((row, part["weight"]))
        mixed = dataset_mix(
            name=body["name"], parts=parts, description=body["description"], by=caller(request)
        )
        return made(mixed, request)
