"""Blend: the weights of two or more models of one shape, averaged by shares and calibrated anew.

    manage.py train blend --set model=models/starter --set others=var/runs/tuned --set blend.share=0.35 \\
        --set data.validation=rows.parquet --output var/runs/blend

Nothing is learned from rows: it takes minutes. The shares are fixed, or searched on validation: from the first model
alone to the second alone in steps of a tenth, a coarse simplex with more than two (Wortsman et al. 2022, arXiv
2109.01903 and 2203.05482). A blend of a tuned model with the one that it was tuned from keeps most of both.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.ml.artifact.provenance import provenance
from training.ml.config import ConfigError, ShareOptions, ValidationConfig, option, read_numbers, to_dict
from training.ml.encoders.blending import (
    BlendError,
    Weights,
    average_weights,
    check_one_shape,
    check_one_tokenizer,
    copy_weights,
)
from training.ml.encoders.loading import Start, count_parameters, load_base, load_tokenizer, read_start
from training.ml.progress import Listener, SilentListener
from training.ml.recipes.common import (
    CALIBRATE,
    RunResult,
    ValidationData,
    finish_run,
    load_validation,
    validation_facts,
    validation_tokens,
)
from training.ml.recipes.recipe import Recipe
from training.ml.recipes.share_search import Blend, fixed_shares, grid_of, search_shares

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class BlendConfig:
    """Averages the weights of models of one architecture, with the same labels and tokenizer."""

    model: str = option("", "The first model: folder of a run or of a model.", models=True)
    others: tuple[str, ...] | None = option(
        None,
        "The others, of the same architecture, labels and tokenizer: folders of runs or of models.",
        models=True,
    )
    shares: str = option(
        "",
        "Shares of all models, the first one first, that sum to 1, such as 0.35,0.65; empty: as blend.share says.",
    )
    blend: ShareOptions = field(default_factory=ShareOptions)
    data: ValidationConfig = field(default_factory=ValidationConfig)
    seed: int = option(13, "Decides which validation rows are drawn.", low=0, high=2**31 - 1)
    calibrate: bool = option(True, CALIBRATE)


def blend(config: BlendConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Average the models that `config` names and save the run in `folder`; a killed search of shares resumes.

    Raises DataError, BaseModelError, ConfigError (naming the field that does not fit), Cancelled.
    """
    listener = listener or SilentListener()
    started = time.monotonic()
    names = _names(config)
    shares = _shares(config, len(names))
    starts = _starts(names, config)
    softmax = starts[0].softmax

    # models: all of one shape, as their weights
    model, states = _load(names, starts[0])
    tokenizer = load_tokenizer(names[0])

    # data: rows to measure on
    validation = load_validation(config.data, config.seed)
    tokens = validation_tokens(tokenizer, validation, config.data)
    data = ValidationData(validation, tokens, validation_facts(config.data, validation))

    # shares: fixed, or the best on validation
    about = [about_model(name, start) for name, start in zip(names, starts, strict=True)]
    if shares is not None:
        how = Blend(about, shares)
    else:
        shares, tried, rows = search_shares(
            model, states, config.blend, validation, tokens,
            softmax=softmax, seed=config.seed, folder=folder, listener=listener,
        )  # fmt: skip
        how = Blend(about, shares, config.blend.measure, validation.labels[0], rows, "", tried)
    model.load_state_dict(average_weights(states, shares))

    # report
    parameters, _ = count_parameters(model)
    card = {
        "recipe": "blend",
        "parameters": parameters,
        "blend": how.to_dict(),
        "provenance": provenance(
            config=to_dict(config),
            data=data.facts,
            seconds=time.monotonic() - started,
            blended=[start.provenance for start in starts],
        ),
    }
    return finish_run(
        folder, model, tokenizer, data, card,
        softmax=softmax, listener=listener, calibrate=config.calibrate, kept_from=names[0],
    )  # fmt: skip


def check_blend(config: BlendConfig) -> None:
    """Refuse models and shares that do not fit each other, without looking at any model. Raises ConfigError."""
    names = _names(config)
    if _shares(config, len(names)) is None:
        grid_of(config.blend, len(names))


def about_model(folder: str, start: Start) -> dict[str, Any]:
    """Return what the card of a blend tells of one of its models."""
    version = start.provenance.get("version")
    return {"name": Path(folder).name} | ({"version": version} if version else {})


def _names(config: BlendConfig) -> list[str]:
    if not config.model:
        raise ConfigError("name the first model (the folder of a run or of a model)", "model")
    if not config.others:
        raise ConfigError("name at least one other model to blend it with", "others")
    names = [config.model, *config.others]
    if len(set(names)) < len(names):
        raise ConfigError("a model is named twice; give it a larger share instead", "others")
    return names


def _shares(config: BlendConfig, models: int) -> tuple[float, ...] | None:
    """Return the fixed shares; None where they are to be searched. Raises ConfigError."""
    if not config.shares.strip():
        return fixed_shares(config.blend, models)
    if config.blend.share is not None:
        raise ConfigError(
            "give either all shares here or the first model's in blend.share, not both", "shares"
        )
    shares = read_numbers(config.shares, "shares", models, "model, the first one first")
    if abs(sum(shares) - 1) > 1e-3:
        raise ConfigError(f"the shares sum to {sum(shares):g}; they must sum to 1", "shares")
    return tuple(share / sum(shares) for share in shares)


def _starts(names: list[str], config: BlendConfig) -> list[Start]:
    """Return what the models say about themselves: all have the labels of the run. Raises ConfigError."""
    starts = [read_start(name) for name in names]
    first = starts[0]
    for name, start in zip(names[1:], starts[1:], strict=True):
        if start.labels != first.labels or start.softmax != first.softmax:
            raise ConfigError(
                f"{name} cannot be blended with {names[0]}: its labels are {_head(start)}, not {_head(first)}",
                "others",
            )
    if config.data.labels != first.labels:
        raise ConfigError(
            f"the models know {', '.join(first.labels)}, the run asks for {', '.join(config.data.labels)}; use the "
            "models' labels, in their order",
            "data.labels",
        )
    return starts


def _head(start: Start) -> str:
    return ", ".join(start.labels) + (" (two-way softmax)" if start.softmax else "")


def _load(names: list[str], start: Start) -> tuple[Any, list[Weights]]:
    """Return the first model, and the weights of all. Raises BaseModelError, or ConfigError for another shape."""
    like: dict[str, Any] = {
        "labels": start.labels, "softmax": start.softmax, "attention": "auto", "dropout": None
    }  # fmt: skip
    model = load_base(names[0], **like)
    tokenizer = load_tokenizer(names[0])
    states: list[dict[str, Tensor]] = [copy_weights(model)]
    for name in names[1:]:
        other = load_base(name, **like)
        try:
            check_one_shape(model, other)
            check_one_tokenizer(tokenizer, load_tokenizer(name))
        except BlendError as error:
            raise ConfigError(f"{name} cannot be blended with {names[0]}: {error}", "others") from None
        states.append(copy_weights(other))
    return model, list(states)


RECIPE = Recipe(
    name="blend",
    title="Blend: averaged weights",
    short_name="Blend",
    description=(
        "Averages the weights of two or more models of one shape by shares, such as a tuned model and the one that it "
        "was tuned from: keeps most of what each knows. Nothing is learned from rows, the best shares are searched on "
        "validation."
    ),
    config_class=BlendConfig,
    needs="model",
    function=blend,
    check=check_blend,
    searched_first={"blend.share": {"type": "float", "low": 0.0, "high": 1.0}},
)
