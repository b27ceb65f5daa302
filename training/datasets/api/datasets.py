"""`/api/v1/datasets/`: create datasets from files, the hub, decisions or others; list, read and delete them."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import found
from classifier.api.fields import (
    Choice,
    ChoiceParameter,
    ClosedSerializer,
    Id,
    Names,
    Number,
    Text,
    TimeParameter,
    Whole,
)
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import NOT_NOW
from classifier.api.reading import NoQuery, NothingInput, checked, checked_query, without_body
from classifier.inference.files.layout import DELIMITERS
from training.api.base import TrainingEndpoint, referred
from training.api.uploads import UploadParser, checked_form
from training.datasets.api.output import (
    CLASS_CHOICES,
    KIND_CHOICES,
    DatasetDetail,
    DatasetOutput,
    DecisionsPreviewOutput,
    created,
    preview_output,
    shown,
)
from training.datasets.decision_summary import decisions_summary
from training.datasets.from_decisions import dataset_from_decisions
from training.datasets.hub import dataset_from_hub, dataset_load_again
from training.datasets.known_answers import dataset_from_known_answers
from training.datasets.mixtures import MixturePart, dataset_mix
from training.datasets.selectors import dataset_list
from training.datasets.services import (
    dataset_delete,
    dataset_from_upload,
    dataset_make_test_set,
    file_values,
    label_columns_of,
)
from training.models import SPLITS, Dataset

NAMES = ("name", "text_column", "description")
VALUES = ("encoding", "delimiter", "label_cut", "label_words")
MAY_SEE, MAY_ADD = "training.view_dataset", "training.add_dataset"


class DatasetListQuery(PageQuery):
    kind = ChoiceParameter(required=False, choices=KIND_CHOICES)


class _Described(ClosedSerializer):
    name = Text(max_length=150)
    description = Text(required=False, default="", allow_blank=True, max_length=5_000)


class _Credited(_Described):
    attribution = Text(required=False, default="", allow_blank=True, max_length=5_000)
    license_name = Text(required=False, default="", allow_blank=True, max_length=100)
    licence_class = Choice(
        required=False,
        default="",
        allow_blank=True,
        choices=CLASS_CHOICES,
        help_text="What the licence allows a model made of the rows; if empty, by the licence's name.",
    )


class DatasetUploadInput(_Credited):
    text_column = Text(required=False, default="text", max_length=200)
    label_columns = Text(
        required=False,
        default="toxic",
        max_length=2_000,
        help_text="Comma-separated columns of 0 and 1, yes and no, shares or words; `column=label` if the label has "
        "another name. An empty cell is unknown, as -1 is.",
    )
    label_cut = serializers.FloatField(
        required=False,
        default=0.5,
        help_text="Above 0, at most 1: a label between 0 and 1 is 1 from here on.",
    )
    label_words = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=2_000,
        help_text="What labels in words mean, as `OFF=1,NOT=0`; yes, no and usual words are known.",
    )
    encoding = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=40,
        help_text="Of the files, such as cp1252; found out if left out.",
    )
    delimiter = Choice(
        required=False,
        default="",
        allow_blank=True,
        choices=list(DELIMITERS.values()),
        help_text="Between the columns of CSV files; found out if left out.",
    )
    train = serializers.FileField(required=False, help_text="CSV, TSV, JSONL, a JSON list or parquet.")
    validation = serializers.FileField(required=False, help_text="Split off from `train` if left out.")
    test = serializers.FileField(required=False, help_text="Split off from `train` if left out.")


class DatasetHubInput(_Credited):
    hub_name = Text(max_length=200, help_text="The name on the hub, such as `OxAISH-AL-LLM/wiki_toxic`.")
    text_column = Text(required=False, default="text", max_length=200)
    label_columns = serializers.DictField(
        child=Text(max_length=64),
        required=False,
        default={"label": "toxic"},
        help_text="The label of each column: {column: label}.",
    )
    configuration = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="A configuration of the dataset, if it has several.",
    )
    revision = Text(
        required=False, default="", allow_blank=True, max_length=200, help_text="A branch, tag or commit."
    )


class DatasetDecisionsInput(_Described):
    test_share = Number(required=False, default=0.1, help_text="Above 0, at most 0.5.")
    validation_share = Number(required=False, default=0.1, help_text="Above 0, at most 0.5.")
    weight = Number(required=False, default=1.0, help_text="The weight of each row.")
    sources = Names(required=False, default=list, help_text="Slugs of sources; all if empty.")
    since = TimeParameter(
        required=False, allow_null=True, default=None, help_text="Decided at this time or later."
    )
    until = TimeParameter(
        required=False, allow_null=True, default=None, help_text="Decided before this time."
    )


class PartInput(ClosedSerializer):
    dataset = Id(help_text="The id of a dataset.")
    weight = Number(required=False, default=1.0, help_text="Above 0, at most 1,000.")
    most_rows = Whole(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        help_text="Training rows at most; all if empty.",
    )
    label_names = serializers.DictField(
        child=Text(max_length=64),
        required=False,
        default=dict,
        help_text="What labels are called in the mixture: {label of the dataset: name}.",
    )
    negatives_unknown = Names(
        required=False,
        default=list,
        help_text="Labels whose 0 becomes unknown, for a set that marks one kind of toxicity alone.",
    )


class DatasetMixtureInput(_Described):
    parts = serializers.ListField(child=PartInput(), min_length=2, max_length=10)


class DatasetsEndpoint(TrainingEndpoint):
    parser_classes = [UploadParser]
    media_type_help = UploadParser.media_type_help

    @operation("list_datasets", needs=MAY_SEE, query=DatasetListQuery, answers=page_of(DatasetOutput))
    def get(self, request: Request) -> Response:
        """List datasets, newest first."""
        query = checked_query(DatasetListQuery, request)
        return listed(dataset_list(), query, request, DatasetOutput, {"kind": "kind"})

    @operation(
        "upload_dataset",
        needs=MAY_ADD,
        body={"multipart/form-data": DatasetUploadInput},
        answers={201: DatasetDetail},
    )
    def post(self, request: Request) -> Response:
        """Upload a dataset.

        Send files of rows as multipart/form-data. Sizes, columns and every row are checked before anything is stored.
        An error names the file, the line and the column. In large files, up to one broken row in a hundred is left out
        and counted.
        """
        body = checked_form(DatasetUploadInput, request)
        dataset = dataset_from_upload(
            files={split: body[split] for split in SPLITS if body.get(split) is not None},
            label_columns=label_columns_of(body["label_columns"]),
            values=file_values(**{name: body[name] for name in VALUES}),
            by=caller(request),
            **{name: body[name] for name in (*NAMES, "attribution", "license_name", "licence_class")},
        )
        return created(dataset, request)


class DatasetHubEndpoint(TrainingEndpoint):
    @operation("add_hub_dataset", needs=MAY_ADD, body=DatasetHubInput, answers={201: DatasetDetail})
    def post(self, request: Request) -> Response:
        """Add a dataset of the Hugging Face hub.

        A training worker loads it. `state` says when it is ready; if loading fails, `problem` says why.
        """
        return created(dataset_from_hub(by=caller(request), **checked(DatasetHubInput, request)), request)


class DatasetDecisionsEndpoint(TrainingEndpoint):
    @operation("preview_decisions", needs=MAY_ADD, answers=DecisionsPreviewOutput)
    def get(self, request: Request) -> Response:
        """Count the decisions that a dataset of decisions would include now.

        All times count, and all sources that you see. Each decision that is left out counts under the first reason that
        applies.
        """
        checked_query(NoQuery, request)
        return Response(preview_output(decisions_summary(user=caller(request))))

    @operation("freeze_decisions", needs=MAY_ADD, body=DatasetDecisionsInput, answers={201: DatasetDetail})
    def post(self, request: Request) -> Response:
        """Create a dataset from moderators' decisions.

        Undone decisions are left out. The hash of a text determines its split.
        """
        body = checked(DatasetDecisionsInput, request)
        return created(dataset_from_decisions(by=caller(request), **body), request)


class DatasetGoldenEndpoint(TrainingEndpoint):
    @operation("freeze_golden_items", needs=MAY_ADD, body=NothingInput, answers={201: DatasetDetail})
    def post(self, request: Request) -> Response:
        """Create a dataset from the known answers.

        It has every known answer in use, as test rows only: no model can learn from it.
        """
        without_body(request)
        return created(dataset_from_known_answers(by=caller(request)), request)


class DatasetMixtureEndpoint(TrainingEndpoint):
    @operation("mix_datasets", needs=MAY_ADD, body=DatasetMixtureInput, answers={201: DatasetDetail})
    def post(self, request: Request) -> Response:
        """Mix datasets into a new one.

        The weight of each row is multiplied by the weight of its part. A part may be capped, its labels called by other
        names, and its negatives be taken as unknown.
        """
        body = checked(DatasetMixtureInput, request)
        parts: list[MixturePart] = []
        for position, part in enumerate(body["parts"]):
            field = f"parts[{position}].dataset"
            row = referred(Dataset.objects.usable(), part["dataset"], field, "dataset")
            assert row is not None
            parts.append(
                MixturePart(
                    row,
                    part["weight"],
                    part["most_rows"],
                    part["label_names"],
                    tuple(part["negatives_unknown"]),
                )
            )
        mixed = dataset_mix(
            name=body["name"], parts=parts, description=body["description"], by=caller(request)
        )
        return created(mixed, request)


class DatasetEndpoint(TrainingEndpoint):
    @operation("read_dataset", needs=MAY_SEE, answers=DatasetDetail)
    def get(self, request: Request, dataset_id: int) -> Response:
        """Read one dataset.

        The answer has its statistics, and the experiments and mixtures that use it.
        """
        return Response(shown(found(dataset_list(), dataset_id), request))

    @operation("delete_dataset", needs="training.delete_dataset", answers={204: None}, problems=[NOT_NOW])
    def delete(self, request: Request, dataset_id: int) -> Response:
        """Delete a dataset.

        Its files are deleted. Its row is kept for the experiments that were trained on it.
        """
        dataset_delete(dataset=found(dataset_list(), dataset_id), by=caller(request))
        return Response(status=204)


class DatasetMakeTestSetEndpoint(TrainingEndpoint):
    @operation(
        "make_test_set",
        needs="training.change_dataset",
        body=NothingInput,
        answers=DatasetDetail,
        problems=[NOT_NOW],
    )
    def post(self, request: Request, dataset_id: int) -> Response:
        """Measure every model version on this dataset's test rows.

        It replaces the dataset that measured them before. Evaluations on other rows are kept.
        """
        without_body(request)
        dataset_make_test_set(dataset=found(dataset_list(), dataset_id), by=caller(request))
        return Response(shown(found(dataset_list(), dataset_id), request))


class DatasetLoadAgainEndpoint(TrainingEndpoint):
    @operation(
        "load_dataset_again",
        needs=MAY_ADD,
        body=NothingInput,
        answers=DatasetDetail,
        problems=[NOT_NOW],
    )
    def post(self, request: Request, dataset_id: int) -> Response:
        """Load a dataset of the hub again.

        This is possible only after loading has failed.
        """
        without_body(request)
        dataset_load_again(dataset=found(dataset_list(), dataset_id), by=caller(request))
        return Response(shown(found(dataset_list(), dataset_id), request))
