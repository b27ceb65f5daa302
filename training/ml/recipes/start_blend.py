"""Blending what was tuned with the model that it was tuned from: what the start knew is kept (WiSE-FT).

Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", arXiv 2109.01903. The share of the start is the one that
is best on validation, whose rows are old ones and new ones alike where the dataset mixes them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.ml.config import ConfigError, LoopConfig
from training.ml.data.tables import DataError
from training.ml.encoders.blending import BlendError, average_weights, check_one_shape, copy_weights
from training.ml.encoders.loading import BaseModelError, read_start
from training.ml.progress import Listener
from training.ml.recipes.common import RunData, load_start
from training.ml.recipes.share_search import Blend, fixed_shares, search_shares

if TYPE_CHECKING:
    from training.ml.config import DataConfig, StartBlend

HALF = (0.5, 0.5)  # near the best share in most of the paper's experiments, where none can be searched


def check_start(options: "StartBlend", data: "DataConfig", base: str) -> None:
    """Refuse, before anything is trained, a start that has nothing to blend with or to keep labels of.

    Raises ConfigError, which names the field.
    """
    wanted = [
        name
        for name, on in (("blend.with_start", options.with_start), ("data.keep_labels", data.keep_labels))
        if on
    ]
    if not wanted:
        return
    try:
        start = read_start(base)
    except BaseModelError:
        raise ConfigError(
            f"{base} is no fine-tuned model (a run or a model), so that there is nothing to keep; switch this off",
            wanted[0],
        ) from None
    if start.labels != data.labels:
        raise ConfigError(
            f"the start knows {', '.join(start.labels)}, the run learns {', '.join(data.labels)}: only a head of the "
            "same labels, in the same order, can be kept; use its labels, or switch this off",
            wanted[0],
        )


def blend_with_start(
    model: Any,
    base: str,
    options: "StartBlend",
    data: RunData,
    loop: LoopConfig,
    *,
    softmax: bool,
    folder: Path,
    listener: Listener,
) -> dict[str, Any]:
    """Give `model` the mean of its own weights and those of `base`; return what the card tells of it.

    Empty where the options switch it off, else {"blend": …}. Where the validation rows are too few to search a share,
    both have half. Raises ConfigError, BaseModelError, Cancelled.
    """
    if not options.with_start:
        return {}
    start = load_start(base, data.train.labels, loop, softmax=softmax)
    try:
        check_one_shape(start, model)
    except BlendError as error:
        raise ConfigError(f"the tuned model differs from its start: {error}", "blend.with_start") from None
    states = [copy_weights(start), copy_weights(model)]
    del start
    version = read_start(base).provenance.get("version")
    about = [{"name": Path(base).name} | ({"version": version} if version else {}), {"name": "tuned here"}]
    shares = fixed_shares(options, 2)
    if shares is not None:
        how = Blend(about, shares)
    else:
        try:
            shares, tried, rows = search_shares(
                model, states, options, data.validation, data.validation_tokens,
                softmax=softmax, seed=loop.seed, folder=folder, listener=listener,
            )  # fmt: skip
            how = Blend(about, shares, options.measure, data.validation.labels[0], rows, "", tried)
        except DataError:
            shares = HALF
            how = Blend(
                about,
                shares,
                note="The validation rows are too few to search a share, so that both have half.",
            )
    model.load_state_dict(average_weights(states, shares))
    return {"blend": how.to_dict()}
