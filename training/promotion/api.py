"""`/api/v1/model-versions/`: list, read, measure, promote and roll back model versions; run one in shadow mode."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from classifier.api.authentication import caller
from classifier.api.base import found
from classifier.api.fields import ChoiceParameter, ClosedSerializer, Names, Text, TextParameter
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, listed, page_of
from classifier.api.problems import GATE_CLOSED, NOT_NOW
from classifier.api.reading import NothingInput, checked, checked_query, without_body
from classifier.model_versions.language_slots import (
    LANGUAGES_MAX,
    assembly_with,
    languages_check,
    slot_empty,
    slot_roll_back,
    slot_shadow_start,
    slot_shadow_stop,
    slots_fill,
)
from classifier.model_versions.promotion_gate import gate_check, language_gate_check
from classifier.model_versions.services import model_version_activate, model_version_roll_back
from classifier.model_versions.shadow import shadow_start, shadow_stop
from classifier.models import LanguageSlot, ModelVersion, ModelVersionStatus
from training.api.base import TrainingEndpoint
from training.evaluations.services import evaluation_start, evaluation_state
from training.experiments.api.output import EventOutput, MeasuredOutput, measured_output

MAY_SEE, MAY_ACTIVATE = "classifier.view_modelversion", "classifier.activate_modelversion"
REASON_CHARACTERS = 300
VERSION_STATUS_CHOICES = [(status.value, status.value) for status in ModelVersionStatus]
EVALUATING_CHOICES = [("queued", "queued"), ("failed", "failed")]


class ModelVersionListQuery(PageQuery):
    status = ChoiceParameter(required=False, choices=VERSION_STATUS_CHOICES)


class ReasonInput(ClosedSerializer):
    reason = Text(required=False, default="", allow_blank=True, max_length=REASON_CHARACTERS)


SLOT_HELP = "The slot of a language, such as `de`; the default slot if left out."


class SlotInput(ReasonInput):
    language = Text(required=False, default="", allow_blank=True, max_length=35, help_text=SLOT_HELP)


class SlotQuery(ClosedSerializer):
    language = TextParameter(required=False, help_text=SLOT_HELP)


class ActivateInput(ReasonInput):
    override_reason = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=REASON_CHARACTERS,
        help_text="Why it is promoted although the quality gate is closed; the history records this.",
    )
    languages = Names(
        required=False,
        most=LANGUAGES_MAX,
        help_text="Languages, such as `de`, whose texts it judges from now on; the default slot if left out.",
    )


class VersionOutput(serializers.Serializer[ModelVersion]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField(help_text="The address at which to read the version.")
    version = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=VERSION_STATUS_CHOICES)
    is_shadow = serializers.BooleanField(
        help_text="Whether it runs in shadow mode: it scores live comments, and nobody acts on it."
    )
    slots = serializers.SerializerMethodField(
        help_text="The languages whose texts it judges, besides the default."
    )
    languages = serializers.ListField(child=serializers.CharField(), help_text="The languages that it knows.")
    experimental_languages = serializers.ListField(
        child=serializers.CharField(),
        help_text="Languages that it reads, unmeasured on rows that it never learned from.",
    )
    labels = serializers.ListField(child=serializers.CharField())
    primary_label = serializers.CharField()
    thresholds = serializers.DictField(child=serializers.FloatField())
    sha256 = serializers.CharField(help_text="SHA-256 of the weights.")
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)

    def get_slots(self, version: ModelVersion) -> list[str]:
        return [slot.language for slot in version.slots.all()]

    def get_url(self, version: ModelVersion) -> str:
        kwargs = {"version_id": version.pk}
        return str(reverse("api-model-version", kwargs=kwargs, request=self.context["request"]))


class GateOutput(serializers.Serializer[Any]):
    passed = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why the gate is closed.")
    satisfied = serializers.ListField(
        child=serializers.CharField(), help_text="The requirements that it meets."
    )
    unchecked = serializers.ListField(
        child=serializers.CharField(), help_text="Requirements that could not be checked and do not count."
    )
    numbers = serializers.DictField()
    checked_against = serializers.CharField(
        help_text="The version in production, which it was compared with."
    )


class EvaluatingOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=EVALUATING_CHOICES)
    message = serializers.CharField()


class VersionEventOutput(EventOutput):
    gate = serializers.DictField(
        allow_null=True, help_text="The result of the quality gate; null if it was not checked."
    )


class OperatingPointOutput(serializers.Serializer[Any]):
    """A threshold, and its precision and recall on validation rows."""

    threshold = serializers.FloatField()
    precision = serializers.FloatField()
    recall = serializers.FloatField()


class LabelPointsOutput(serializers.Serializer[Any]):
    """The thresholds of a label that a policy can name; where one is missing, too few rows have the label."""

    careful = OperatingPointOutput(required=False, help_text="Flags little.")
    balanced = OperatingPointOutput(help_text="The model's own threshold, which makes the verdict.")
    strict = OperatingPointOutput(required=False, help_text="Misses little.")
    rows = serializers.IntegerField(help_text="Validation rows that know the label.")
    positives = serializers.IntegerField(help_text="Validation rows that have the label.")


class ModelVersionDetail(VersionOutput):
    operating_points = serializers.DictField(
        child=LabelPointsOutput(), help_text="By label; empty if the version has none."
    )
    manifest = serializers.DictField()
    experiments = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the experiments that made it."
    )
    evaluation = MeasuredOutput(
        allow_null=True, help_text="The evaluation on the test rows; null until it is measured."
    )
    evaluating = EvaluatingOutput(
        allow_null=True, help_text="An evaluation that is queued, or why it failed."
    )
    gate = GateOutput(
        allow_null=True,
        help_text="Null if it is not checked, for instance because the version is no candidate.",
    )
    history = VersionEventOutput(many=True)


class VersionsEndpoint(TrainingEndpoint):
    @operation(
        "list_model_versions",
        needs=MAY_SEE,
        query=ModelVersionListQuery,
        answers=page_of(VersionOutput, "ModelVersionPage"),
    )
    def get(self, request: Request) -> Response:
        """List model versions, newest first."""
        query = checked_query(ModelVersionListQuery, request)
        rows = ModelVersion.objects.prefetch_related("slots")
        return listed(rows, query, request, VersionOutput, {"status": "status"})


class VersionEndpoint(TrainingEndpoint):
    @operation("read_model_version", needs=MAY_SEE, query=SlotQuery, answers=ModelVersionDetail)
    def get(self, request: Request, version_id: int) -> Response:
        """Read one model version.

        The answer has its evaluation on the test rows, the result of the quality gate now, and its history. With
        `language` it is the gate of that slot. `gate.numbers.languages` compares each language that would change hands.
        """
        language = checked_query(SlotQuery, request).get("language") or ""
        return Response(_shown(version_id, request, language))


class VersionEvaluateEndpoint(TrainingEndpoint):
    @operation(
        "evaluate_model_version",
        needs="training.run_experiment",
        body=NothingInput,
        answers={202: ModelVersionDetail},
        problems=[NOT_NOW],
    )
    def post(self, request: Request, version_id: int) -> Response:
        """Measure a model version on the test rows.

        A training worker does it; `evaluating` shows its state. The result replaces an earlier evaluation.
        """
        version = _version(version_id)
        without_body(request)
        evaluation_start(model_version=version, by=caller(request))
        return Response(_shown(version_id, request), status=202)


class VersionActivateEndpoint(TrainingEndpoint):
    @operation(
        "activate_model_version",
        needs=MAY_ACTIVATE,
        body=ActivateInput,
        answers=ModelVersionDetail,
        problems=[NOT_NOW, GATE_CLOSED],
    )
    def post(self, request: Request, version_id: int) -> Response:
        """Promote a model version to production.

        Workers use it within seconds. 409: the quality gate is closed, and `errors` says why. `override_reason`
        promotes the version in spite of that. With `languages` it judges texts in these languages alone, past the gate
        of each; the default version goes on judging the others.
        """
        version = _version(version_id)
        body = checked(ActivateInput, request)
        if body.get("languages"):
            slots_fill(
                languages=body["languages"],
                model_version=version,
                by=caller(request),
                reason=body["reason"],
                override_reason=body["override_reason"],
            )
            return Response(_shown(version_id, request))
        model_version_activate(
            model_version=version,
            by=caller(request),
            reason=body["reason"],
            override_reason=body["override_reason"],
        )
        return Response(_shown(version_id, request))


class RollBackEndpoint(TrainingEndpoint):
    @operation(
        "roll_back_model_version",
        needs=MAY_ACTIVATE,
        body=SlotInput,
        answers={200: ModelVersionDetail, 204: None},
        problems=[NOT_NOW],
    )
    def post(self, request: Request) -> Response:
        """Roll back to the previous model version.

        It is the one that was in production before the active one. Two calls go back two versions. With `language`
        that slot goes back; the answer is 204 where it had no version before, and the others judge the language again.
        """
        body = checked(SlotInput, request)
        if body["language"]:
            before = slot_roll_back(language=body["language"], by=caller(request), reason=body["reason"])
            return Response(status=204) if before is None else Response(_shown(before.pk, request))
        version = model_version_roll_back(by=caller(request), reason=body["reason"])
        return Response(_shown(version.pk, request))


class VersionShadowEndpoint(TrainingEndpoint):
    @operation(
        "start_shadow", needs=MAY_ACTIVATE, body=SlotInput, answers=ModelVersionDetail, problems=[NOT_NOW]
    )
    def post(self, request: Request, version_id: int) -> Response:
        """Run a model version in shadow mode.

        It scores live comments, and nobody acts on its verdicts. It replaces any other version in shadow mode. With
        `language` it scores texts in that language alone, beside the shadows of others.
        """
        version = _version(version_id)
        body = checked(SlotInput, request)
        if body["language"]:
            slot_shadow_start(
                language=body["language"], model_version=version, by=caller(request), reason=body["reason"]
            )
            return Response(_shown(version_id, request))
        shadow_start(model_version=version, by=caller(request), reason=body["reason"])
        return Response(_shown(version_id, request))

    @operation("stop_shadow", needs=MAY_ACTIVATE, query=SlotQuery, answers={204: None}, problems=[NOT_NOW])
    def delete(self, request: Request, version_id: int) -> Response:
        """Stop the shadow mode of a model version.

        The verdicts that it has stored are kept.
        """
        language = checked_query(SlotQuery, request).get("language")
        if language:
            _version(version_id)
            slot_shadow_stop(language=language, by=caller(request))
            return Response(status=204)
        shadow_stop(model_version=_version(version_id), by=caller(request))
        return Response(status=204)


class SlotOutput(serializers.Serializer[Any]):
    language = serializers.CharField(help_text="Empty for the default slot.")
    version = serializers.CharField(allow_null=True, help_text="The version that judges these texts.")
    shadow = serializers.CharField(allow_null=True, help_text="The version that scores them silently.")


class AssemblyOutput(serializers.Serializer[Any]):
    slots = SlotOutput(many=True, help_text="The default slot first, then by language.")
    languages = serializers.ListField(
        child=serializers.CharField(),
        help_text="What the versions in production know; empty: texts in any language are judged.",
    )


class LanguageSlotsEndpoint(TrainingEndpoint):
    @operation("list_language_slots", needs=MAY_SEE, answers=AssemblyOutput)
    def get(self, request: Request) -> Response:
        """Read what is in production: the default version, and the versions by language."""
        default, shadow = ModelVersion.objects.active(), ModelVersion.objects.shadow()
        rows = LanguageSlot.objects.select_related("model_version", "shadow")
        slots = [("", default, shadow), *((row.language, row.model_version, row.shadow) for row in rows)]
        return Response(
            {
                "slots": [
                    {
                        "language": language,
                        "version": version.version if version is not None else None,
                        "shadow": silent.version if silent is not None else None,
                    }
                    for language, version, silent in slots
                ],
                "languages": assembly_with({}).languages,
            }
        )


class LanguageSlotEndpoint(TrainingEndpoint):
    @operation("empty_language_slot", needs=MAY_ACTIVATE, answers={204: None}, problems=[NOT_NOW])
    def delete(self, request: Request, language: str) -> Response:
        """Take the version out of the slot of a language.

        Texts in it are judged by the default version again, or by another one that knows the language.
        """
        slot_empty(language=language, by=caller(request))
        return Response(status=204)


def _version(version_id: int) -> ModelVersion:
    return found(ModelVersion.objects.all(), version_id)


def _shown(version_id: int, request: Request, language: str = "") -> dict[str, Any]:
    """Write a version with its details, and the gate of the default slot or of that of a language.

    Raises ModelVersion.DoesNotExist and InvalidInput.
    """
    version = ModelVersion.objects.prefetch_related("history__actor").get(pk=version_id)
    gate = (
        language_gate_check(version, languages_check([language], "language")[0])
        if language
        else gate_check(version)
    )
    events = VersionEventOutput()
    return {
        **VersionOutput(context={"request": request}).to_representation(version),
        "operating_points": {label: of.to_dict() for label, of in version.operating_points.items()},
        "manifest": version.manifest,
        "experiments": list(
            version.experiments.filter(deleted_at__isnull=True).values_list("pk", flat=True)[:20]
        ),
        "evaluation": measured_output(version.pk, request),
        "evaluating": evaluation_state(version),
        "gate": gate.to_dict() if gate is not None else None,
        "history": [events.to_representation(event) for event in version.history.all()[:200]],
    }
