"""Any encoder with a classification head, through transformers: RoBERTa, MPNet, ELECTRA, DistilBERT and their like.

On the CPU in fp32, or in bf16 where that is native; on a GPU in half precision; attention by torch's fused kernels.
Windows of alike length run together with padding.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from safetensors.torch import load as load_safetensors

from classifier.inference.artifact import WEIGHTS, Manifest, read_verified
from classifier.inference.backends.torch_packed import native_bf16
from classifier.inference.eight_bits import restored
from classifier.inference.errors import ArtifactInvalid, BackendUnavailable
from classifier.inference.tensors import BUFFERS

# Windows whose lengths differ by at most this much share a padded batch.
SLACK = 32


def has_gpu() -> bool:
    """Return whether torch can use a GPU here."""
    return torch.cuda.is_available()


def load(device: str, folder: Path, manifest: Manifest, config: Mapping[str, Any]) -> "GenericModel":
    """Return the folder's model on "cpu" or "cuda"; only verified files are read and no code of the folder runs."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    if device == "cuda" and not has_gpu():
        raise BackendUnavailable("the cuda backend needs a GPU and a torch built for it; none is usable here")
    options = {key: value for key, value in config.items() if key != "model_type"}
    weights = restored(load_safetensors(read_verified(folder, manifest, WEIGHTS)))
    try:
        model = AutoModelForSequenceClassification.from_config(
            AutoConfig.for_model(config["model_type"], **options), dtype=torch.float32
        )
        loading = model.load_state_dict(weights, strict=False)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ArtifactInvalid(f"the model in {folder} cannot be built: {error}") from None
    wrong = loading.missing_keys + [name for name in loading.unexpected_keys if not name.endswith(BUFFERS)]
    if wrong:
        raise ArtifactInvalid(
            f"the weights in {folder} are not a {config['model_type']} classifier's: {wrong[:5]}"
        )
    return GenericModel(model.eval(), device, int(config.get("pad_token_id") or 0))


class GenericModel:
    """A transformers model behind the engines' one method."""

    def __init__(self, model: Any, device: str, pad_token: int) -> None:
        if device == "cuda":
            self.dtype, self.name = torch.float16, "cuda"
        else:
            self.dtype, self.name = (torch.bfloat16 if native_bf16() else torch.float32), "generic"
        self.device, self.pad_token = torch.device(device), pad_token
        self.model = model.to(self.device, self.dtype)

    @torch.inference_mode()
    def logits(self, windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        """Return the logits, float32 [windows, outputs]."""
        parts = []
        at = 0
        while at < len(windows):
            stop = at + 1
            while stop < len(windows) and abs(len(windows[at]) - len(windows[stop])) <= SLACK:
                stop += 1
            parts.append(self._batch(windows[at:stop]))
            at = stop
        return numpy.concatenate(parts)

    def _batch(self, windows: Sequence[NDArray[numpy.int64]]) -> NDArray[numpy.float32]:
        longest = max(len(window) for window in windows)
        ids = numpy.full((len(windows), longest), self.pad_token, dtype=numpy.int64)
        mask = numpy.zeros((len(windows), longest), dtype=numpy.int64)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1
        inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        output = self.model(**{name: value.to(self.device) for name, value in inputs.items()})
        return numpy.asarray(output.logits.float().cpu().numpy())
