"""Progressive layer-wise transfer: a student first learns to compute as the teacher does, then to answer as it does.

    manage.py train progressive --set teacher=var/runs/teacher --set layers=spread --output var/runs/progressive

Bottom to top, as MobileBERT was made (Sun et al. 2020): in each phase one student layer learns the hidden states and
attention maps of its teacher layer while those below are frozen and those above are not even computed.
"""

import json
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from toxicsite.lib.files import write_json
from training.ml.config import ConfigError, DataConfig, LoopConfig, LossWeights, option, to_dict
from training.ml.distributed import current
from training.ml.encoders.layers import layer_stack, make_student, select_layers
from training.ml.encoders.loading import Start, count_parameters, load_tokenizer
from training.ml.hardware import best_device
from training.ml.progress import Listener, SilentListener
from training.ml.recipes.common import (
    CALIBRATE,
    RunData,
    RunResult,
    finish_run,
    learn,
    load_start,
    prepare_data,
    run_card,
)
from training.ml.recipes.recipe import LAYERS, LOSSES, STUDENT_RATE, Recipe
from training.ml.recipes.teaching import (
    FINE_TUNED,
    WHICH_LAYERS,
    cached_logits,
    cached_loss,
    live_loss,
    read_fitting_start,
    student_loop,
)
from training.ml.train.loop import LossFunction, LossParts, Step, StepLoss, Trainer


@dataclass(frozen=True)
class TransferOptions:
    """How a student first learns to compute what the teacher's layers compute, before it learns to answer."""

    order: str = option(
        "bottom-to-top",
        "One student layer after the other, the ones below frozen, or all-at-once.",
        choices=("bottom-to-top", "all-at-once"),
    )
    epochs: float = option(
        0.5, "Passes over the rows for the whole transfer, shared by its phases.", low=0, high=1000
    )
    learning_rate: float = option(2e-4, "Largest step during the transfer.", above=0, high=1)
    hidden: float = option(1.0, "Weight of the distance between hidden states.", low=0)
    distance: str = option(
        "cosine", "cosine as DistilBERT, or the mean square as TinyBERT.", choices=("cosine", "mse")
    )
    attention: float = option(
        0.1,
        "Weight of the divergence between attention maps (as MobileBERT); 0 leaves them out and is faster.",
        low=0,
    )


@dataclass(frozen=True)
class ProgressiveConfig:
    """Layer-wise transfer of hidden states and attention, then distillation of the logits."""

    teacher: str = option("", FINE_TUNED)
    layers: str = option("even", WHICH_LAYERS)
    student: str = option(
        "",
        "Empty: the student is made of the teacher's layers. Else another encoder with the same vocabulary (hub name "
        "or folder), which may be narrower: a projection, thrown away afterwards, bridges the widths.",
        models=True,
    )
    data: DataConfig = field(default_factory=DataConfig)
    transfer: TransferOptions = field(default_factory=TransferOptions)
    loop: LoopConfig = field(default_factory=student_loop)
    loss: LossWeights = field(default_factory=LossWeights)
    calibrate: bool = option(True, CALIBRATE)


def train_progressive(config: ProgressiveConfig, folder: Path, listener: Listener | None = None) -> RunResult:
    """Transfer layer by layer, distil the logits, and save the run in `folder`; resumes in the phase it was in.

    Raises DataError, BaseModelError, LayerSelectionError, ConfigError, Cancelled.
    """
    import torch

    listener = listener or SilentListener()
    started = time.monotonic()
    start = read_fitting_start(config.teacher, config.data)

    # data
    tokenizer = load_tokenizer(config.teacher)
    data = prepare_data(config.data, tokenizer, config.loop.seed)

    # models: attention maps are only there where attention is computed step by step
    torch.manual_seed(config.loop.seed)
    attention = "eager" if config.transfer.attention > 0 else config.loop.attention
    teacher = load_start(
        config.teacher, start.labels, config.loop, softmax=start.softmax, attention=attention
    )
    student, taken = _student(teacher, start, attention, config, tokenizer)

    # the teacher's logits, once for all epochs, before its layers are needed
    known = None
    if config.loss.hidden == 0:
        known = cached_logits(teacher, data, folder, start.provenance, listener)
    teacher = teacher.to(best_device()).eval().requires_grad_(False)

    # loop, first part: hidden states and attention maps, one phase a layer or all at once
    phases = _transfer(student, teacher, taken, data, config, folder, listener)

    # loop, second part: the answers
    loss: LossFunction | StepLoss
    if known is None:
        loss = live_loss(teacher, data, taken, config.loss, softmax=start.softmax)
    else:
        loss = cached_loss(known, data, config.loss, softmax=start.softmax)
    report = learn(
        student, loss, data, config.loop,
        phase="student", folder=folder, listener=listener, softmax=start.softmax,
    )  # fmt: skip

    # report
    parameters, _ = count_parameters(student)
    card = run_card(
        "progressive",
        to_dict(config),
        data,
        report,
        started=started,
        parameters=parameters,
        teacher=start.provenance,
        layers=list(taken),
        transfer=phases,
    )
    result = finish_run(
        folder, student, tokenizer, data, card,
        softmax=start.softmax, listener=listener, calibrate=config.calibrate,
        kept_from=config.teacher if config.data.keep_labels else None,
    )  # fmt: skip
    if current().is_main:
        shutil.rmtree(folder / "transfer", ignore_errors=True)
    return result


def _student(
    teacher: Any, start: Start, attention: str, config: ProgressiveConfig, tokenizer: Any
) -> tuple[Any, tuple[int, ...]]:
    """Return the student and, for each of its layers, the teacher layer that it learns from."""
    if not config.student:
        return make_student(teacher, config.layers)
    if load_tokenizer(config.student).get_vocab() != tokenizer.get_vocab():
        raise ConfigError(
            "has another vocabulary than the teacher; both must read the same tokens", "student"
        )
    student = load_start(
        config.student, start.labels, config.loop, softmax=start.softmax, attention=attention
    )
    if config.loss.hidden > 0 and student.config.hidden_size != teacher.config.hidden_size:
        raise ConfigError("hidden states of different widths cannot be compared here; use 0", "loss.hidden")
    size = len(layer_stack(student))
    taken = select_layers(config.layers, len(layer_stack(teacher)), size)
    if len(taken) != size:
        raise ConfigError(
            f"the student has {size} layers, {config.layers!r} names {len(taken)}; use first, last, spread or a list",
            "layers",
        )
    return student, taken


def _transfer(
    student: Any,
    teacher: Any,
    taken: tuple[int, ...],
    data: RunData,
    config: ProgressiveConfig,
    folder: Path,
    listener: Listener,
) -> list[dict[str, Any]]:
    """Run the phases of the transfer that are not done yet; return what each came to."""
    import torch

    from training.ml.encoders.layer_transfer import hear_every_layer

    options = config.transfer
    size = len(taken)
    bottom_up = options.order == "bottom-to-top"
    phases = [(k,) for k in range(1, size + 1)] if bottom_up else [tuple(range(1, size + 1))]
    widths = student.config.hidden_size, teacher.config.hidden_size
    if options.epochs == 0 or (options.hidden == 0 and options.attention == 0):
        return []
    if widths[0] != widths[1]:
        student.bridge = torch.nn.Linear(*widths)  # trained with the layers, thrown away at the end
    own = {name: p.requires_grad for name, p in student.named_parameters()}
    loop = replace(
        config.loop,
        epochs=options.epochs / len(phases),
        learning_rate=options.learning_rate,
        head_learning_rate=None,
        evaluate_share=0.0,
    )
    for model in (student, teacher):
        hear_every_layer(model)
    ranks = current()
    done = ranks.main_does(lambda: _done(folder))
    for number, layers in enumerate(phases, start=1):
        state = folder / "transfer" / f"phase-{number}"
        if number <= len(done):
            continue
        if number > 1:
            _load_weights(student, folder, number - 1)
        _choose_trainable(student, layers, bottom_up, with_embeddings=bool(config.student) and number == 1)
        with _cut(student, layers[-1]), _cut(teacher, max(taken[k - 1] for k in layers)):
            report = Trainer(
                student,
                data.train_tokens,
                _transfer_loss(student, teacher, layers, taken, options),
                replace(loop, seed=config.loop.seed + number),
                phase=f"transfer of layer {layers[0]}" if bottom_up else "transfer",
                listener=listener,
                checkpoint_dir=state,
            ).run()
        done.append({"layers": list(layers), "loop": asdict(report)})
        ranks.main_does(partial(_save_weights, student, folder, number, done))
        if ranks.is_main:
            shutil.rmtree(state, ignore_errors=True)
    _load_weights(student, folder, len(phases))
    for name, parameter in student.named_parameters():
        parameter.requires_grad_(own.get(name, False))
    if hasattr(student, "bridge"):
        del student.bridge
    return done


def _transfer_loss(
    student: Any, teacher: Any, layers: tuple[int, ...], taken: tuple[int, ...], options: "TransferOptions"
) -> StepLoss:
    import torch

    from training.ml.encoders.layer_transfer import attention_divergence, hidden_distance

    ask = {"output_hidden_states": True, "output_attentions": options.attention > 0}

    def loss(step: Step) -> LossParts:
        with torch.no_grad(), step.autocast():
            theirs = teacher(**step.inputs, **ask)
        ours, mask = step.outputs, step.inputs["attention_mask"]
        hidden, attention = [], []
        for k in layers:
            state = ours.hidden_states[k].float()
            if hasattr(student, "bridge"):
                state = student.bridge(state)
            hidden.append(
                hidden_distance(state, theirs.hidden_states[taken[k - 1]], mask, kind=options.distance)
            )
            if options.attention > 0:
                attention.append(
                    attention_divergence(ours.attentions[k - 1], theirs.attentions[taken[k - 1] - 1], mask)
                )
        parts = {"hidden": torch.stack(hidden).mean()}
        total = options.hidden * parts["hidden"]
        if attention:
            parts["attention"] = torch.stack(attention).mean()
            total = total + options.attention * parts["attention"]
        return {"loss": total, **{name: part.detach() for name, part in parts.items()}}

    return StepLoss(loss, ask)


def _choose_trainable(
    student: Any, layers: tuple[int, ...], bottom_up: bool, *, with_embeddings: bool
) -> None:
    stack = layer_stack(student)
    student.requires_grad_(False)
    for k in layers:
        stack[k - 1].requires_grad_(True)
    if hasattr(student, "bridge"):
        student.bridge.requires_grad_(True)
    if with_embeddings or not bottom_up:
        student.get_input_embeddings().requires_grad_(True)


def _cut(model: Any, layers: int) -> Any:
    from training.ml.encoders.layer_transfer import cut_after

    return cut_after(model, layers)


def _done(folder: Path) -> list[dict[str, Any]]:
    path = folder / "transfer" / "done.json"
    result: list[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else []
    return result


def _save_weights(student: Any, folder: Path, number: int, done: list[dict[str, Any]]) -> None:
    """Keep the student as phase `number` left it; `done.json` comes last and is what counts."""
    from safetensors.torch import save_model

    transfer = folder / "transfer"
    transfer.mkdir(parents=True, exist_ok=True)
    save_model(student, str(transfer / f"weights-{number}.safetensors"))
    write_json(transfer / "done.json", done)
    (transfer / f"weights-{number - 1}.safetensors").unlink(missing_ok=True)


def _load_weights(student: Any, folder: Path, number: int) -> None:
    from safetensors.torch import load_model

    device = str(next(student.parameters()).device)
    load_model(student, str(folder / "transfer" / f"weights-{number}.safetensors"), device=device)


RECIPE = Recipe(
    name="progressive",
    title="Progressive layer-wise transfer",
    short_name="Progressive",
    description=(
        "Teaches each student layer the hidden states and attention of its teacher layer, then distils the logits."
    ),
    config_class=ProgressiveConfig,
    needs="teacher",
    function=train_progressive,
    searched_first={
        "layers": LAYERS,
        "transfer.learning_rate": STUDENT_RATE,
        "transfer.epochs": {"type": "float", "low": 0.1, "high": 1.0},
        "loop.learning_rate": STUDENT_RATE,
        **LOSSES,
    },
)
