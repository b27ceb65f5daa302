"""What a worker scores with at one moment: its engines, and the assembly that says which of them judges a text.

Texts are batched by model. A text that several versions judge counts as the one of them says that finds it more toxic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from classifier.inference.verdict import TOXIC
from classifier.model_versions.assembly import NO_LANGUAGE, Assembly, SourceLanguage
from classifier.models import ModelVersion
from classifier.scoring.identify import IdentifiedScores, ModelScores
from classifier.scoring.routes import Route, Routed, routed


class TextScorer(Protocol):
    """A loaded model: texts in, scores out, in order."""

    def score(self, texts: Sequence[str]) -> Sequence[ModelScores]: ...


@dataclass(frozen=True)
class Scored:
    """What one version says of a text, as the language of `route`."""

    result: ModelScores
    route: Route

    @property
    def version(self) -> ModelVersion:
        return self.route.version

    def identified(self) -> IdentifiedScores:
        return IdentifiedScores(
            scores=self.result.scores,
            verdict=self.result.verdict,
            windows=self.result.windows,
            read_as=self.result.read_as,
            language=self.route.language,
            language_supported=self.route.is_supported,
            concern_score=self.result.concern,
            is_concern=self.result.is_concern,
        )


@dataclass(frozen=True)
class Serving:
    """The scorer of the default version, and those of versions by language by their ids, as far as they are loaded."""

    scorer: TextScorer
    assembly: Assembly
    others: Mapping[int, TextScorer] = field(default_factory=dict)

    @classmethod
    def alone(cls, scorer: TextScorer, version: ModelVersion) -> "Serving":
        """Return what scores everything with one version."""
        return cls(scorer, Assembly(version))

    @property
    def default(self) -> ModelVersion:
        assert self.assembly.default is not None
        return self.assembly.default

    @property
    def missing(self) -> list[ModelVersion]:
        """The versions of the assembly that are not loaded here."""
        if not self.assembly.slots:
            return []
        return [version for version in self.assembly.versions if self._scorer(version) is None]

    def routed(
        self,
        text: str,
        *,
        stated: Sequence[str] = (),
        source: SourceLanguage = NO_LANGUAGE,
        detect: bool = False,
    ) -> Routed:
        """Return which versions judge `text`, whether or not they are loaded here."""
        return routed(text, self.assembly, stated=stated, source=source, detect=detect)

    def lacks(self, text: Routed) -> Route | None:
        """Return the first route whose version is not loaded here, or None."""
        return next((route for route in text.routes if self._scorer(route.version) is None), None)

    def score(self, texts: Sequence[str], routes: Sequence[Routed]) -> list[Scored]:
        """Score the texts by the versions of their routes, each version in one call; what counts of each, in order."""
        by_version: dict[int, list[tuple[int, Route]]] = {}
        for at, text in enumerate(routes):
            for route in text.routes:
                by_version.setdefault(route.version.pk, []).append((at, route))
        scored: list[list[Scored]] = [[] for _ in texts]
        for places in by_version.values():
            scorer = self.scorer_of(places[0][1].version)
            for (at, route), result in zip(
                places, scorer.score([texts[at] for at, _ in places]), strict=True
            ):
                scored[at].append(Scored(result, route))
        return [max(each, key=_severity) for each in scored]

    def scorer_of(self, version: ModelVersion) -> Any:
        """Return the scorer of a version that is loaded here."""
        scorer = self._scorer(version)
        assert scorer is not None
        return scorer

    def _scorer(self, version: ModelVersion) -> TextScorer | None:
        return self.scorer if version.pk == self.default.pk else self.others.get(version.pk)


def _severity(scored: Scored) -> tuple[bool, bool, float]:
    """Order what versions say of one text: toxic by its own threshold, then a concern, then the probability."""
    primary = scored.result.scores[scored.version.primary_label]
    return scored.result.verdict == TOXIC, scored.result.is_concern, primary
