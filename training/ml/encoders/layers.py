"""Which of a teacher's layers a student takes, and the student made of them.

Layers are counted from 1, as in the published table: `odd` is {1, 3, 5, …}, `even` is {2, 4, 6, …}. The seed's code
counted from 0 with the formulas `2*i` and `2*i-1`; what those really copied is kept as two named selections.
"""

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SELECTIONS = ("odd", "even", "first", "last", "spread", "odd-as-coded", "even-as-coded")


class LayerSelectionError(ValueError):
    """The selection names no layer of this teacher."""


def select_layers(selection: str, depth: int, size: int | None = None) -> tuple[int, ...]:
    """Return the 1-based teacher layers of a selection, in the order in which the student stacks them.

    `depth` is the teacher's number of layers; `size` how many `first`, `last` and `spread` take (default: half).
    A list such as "1,2,12" may name any layers, in any order. Raises LayerSelectionError.
    """
    half = size or depth // 2
    if selection == "odd":
        return tuple(range(1, depth + 1, 2))
    if selection == "even":
        return tuple(range(2, depth + 1, 2))
    if selection == "first":
        return tuple(range(1, half + 1))
    if selection == "last":
        return tuple(range(depth - half + 1, depth + 1))
    if selection == "spread":  # first and last layer included, the rest evenly between
        if half == 1:
            return (depth,)
        return tuple(round(1 + i * (depth - 1) / (half - 1)) for i in range(half))
    if selection == "even-as-coded":  # `2*i` on a 0-based list: in fact the odd layers
        return tuple(2 * i + 1 for i in range(depth // 2))
    if selection == "odd-as-coded":  # `2*i-1` on a 0-based list: index -1 is the last layer
        return tuple((2 * i - 1) % depth + 1 for i in range(depth // 2))
    try:
        chosen = tuple(int(part) for part in selection.split(","))
    except ValueError:
        raise LayerSelectionError(
            f"unknown layer selection {selection!r}: use one of {', '.join(SELECTIONS)} or a list such as 2,4,6"
        ) from None
    wrong = [n for n in chosen if not 1 <= n <= depth]
    if wrong:
        raise LayerSelectionError(f"layer {wrong[0]} is not among the teacher's layers 1 to {depth}")
    return chosen


def encoder_layers(model: "PreTrainedModel") -> tuple[Any, str]:
    """Return (the module that owns the stack of layers, the attribute's name) of any BERT-like encoder."""
    base = getattr(model, model.base_model_prefix, model)
    for owner_name, attribute in (("encoder", "layer"), ("transformer", "layer"), ("encoder", "layers")):
        owner = getattr(base, owner_name, None)
        if owner is not None and hasattr(owner, attribute):
            return owner, attribute
    raise LayerSelectionError(
        f"{type(model).__name__} has no stack of encoder layers that could be chosen from"
    )


def layer_stack(model: "PreTrainedModel") -> Any:
    """Return the stack of layers of any BERT-like encoder, from the bottom to the top."""
    owner, attribute = encoder_layers(model)
    return getattr(owner, attribute)


def make_student(teacher: "PreTrainedModel", selection: str) -> tuple["PreTrainedModel", tuple[int, ...]]:
    """Copy embeddings, the chosen layers, pooler and head of `teacher` into a smaller model of the same class.

    Returns (student, 1-based layers taken). The teacher is left as it was, and shares no tensor with the student.
    """
    chosen = select_layers(selection, len(layer_stack(teacher)))
    student = copy.deepcopy(teacher)
    owner, attribute = encoder_layers(student)
    stack = getattr(owner, attribute)
    kept = type(stack)([copy.deepcopy(stack[n - 1]) for n in chosen])
    setattr(owner, attribute, kept)
    for name in ("num_hidden_layers", "n_layers"):
        if hasattr(student.config, name):
            setattr(student.config, name, len(chosen))
    return student, chosen
