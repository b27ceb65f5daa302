"""`/api/v1/datasets/<id>/`: one dataset with its verbs."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.permissions import caller
from classifier.api.problems import NOT_NOW
from training.api.base import NothingInput, TrainingEndpoint, found, without_body
from training.datasets.api.output import DETAIL_EXAMPLE, DetailOutput, shown
from training.datasets.hub import dataset_load_again
from training.datasets.selectors import dataset_list
from training.datasets.services import dataset_delete, dataset_make_test_set

NOTHING = OpenApiExample("Nothing", {}, request_only=True)
DETAIL = OpenApiExample("A dataset", DETAIL_EXAMPLE, response_only=True)


class DatasetEndpoint(TrainingEndpoint):
    needs = {"GET": "training.view_dataset", "DELETE": "training.delete_dataset"}
    problems = {"DELETE": (NOT_NOW,)}

    @extend_schema(
        operation_id="read_dataset",
        summary="Read one dataset",
        description="With its statistics and what was made with it.",
        responses={200: DetailOutput},
        examples=[DETAIL],
    )
    def get(self, request: Request, dataset_id: int) -> Response:
        return Response(shown(found(dataset_list(), dataset_id), request))

    @extend_schema(
        operation_id="delete_dataset",
        summary="Delete a dataset",
        description="Its files go; its row stays for what was trained on it.",
        responses={204: None},
    )
    def delete(self, request: Request, dataset_id: int) -> Response:
        dataset_delete(dataset=found(dataset_list(), dataset_id), by=caller(request))
        return Response(status=204)


class DatasetMakeTestSetEndpoint(TrainingEndpoint):
    needs = {"POST": "training.change_dataset"}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="make_test_set",
        summary="Measure every version on this dataset's test rows",
        description="From now on, instead of another's. Evaluations on other rows stay.",
        request=NothingInput,
        responses={200: DetailOutput},
        examples=[NOTHING, DETAIL],
    )
    def post(self, request: Request, dataset_id: int) -> Response:
        without_body(request)
        dataset_make_test_set(dataset=found(dataset_list(), dataset_id), by=caller(request))
        return Response(shown(found(dataset_list(), dataset_id), request))


class DatasetLoadAgainEndpoint(TrainingEndpoint):
    needs = {"POST": "training.add_dataset"}
    problems = {"POST": (NOT_NOW,)}

    @extend_schema(
        operation_id="load_dataset_again",
        summary="Try again to load a dataset of the hub",
        description="Only where loading it has failed.",
        request=NothingInput,
        responses={200: DetailOutput},
        examples=[NOTHING, DETAIL],
    )
    def post(self, request: Request, dataset_id: int) -> Response:
        without_body(request)
        dataset_load_again(dataset=found(dataset_list(), dataset_id), by=caller(request))
        return Response(shown(found(dataset_list(), dataset_id), request))
