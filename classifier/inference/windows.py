"""Turn texts into windows of token ids, overlapping where a text is longer than one.

A window is shorter than what the model could take at once: one abusive sentence among many harmless words moves the
score of a short window, not that of a long one. `python -m benchmarks windows` measures lengths and overlaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from classifier.inference.errors import ArtifactInvalid, TextTooLong
from classifier.inference.normalise import NormalisedText, normalise

Ids = NDArray[numpy.int64]
WINDOW_LENGTH = 160
"""Wordpieces of a window with its special tokens, unless the model's manifest names another length or takes fewer."""
# The share of a window that the next one starts after, so that each word is seen with context.
STRIDE_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of a text: token ids with the special ones, and the code points of the original."""

    text: int
    ids: Ids
    begin: int
    end: int


class Windower:
    """The artifact's tokenizer (the Rust library itself), its special tokens and its window arithmetic.

    `max_length` and `window_length` count wordpieces with the special tokens: the most that the model takes at once,
    and the length of a window (None: WINDOW_LENGTH, or the former where that is shorter).
    """

    def __init__(
        self, tokenizer: bytes, max_length: int, vocabulary: int, window_length: int | None = None
    ) -> None:
        from tokenizers import Tokenizer

        try:
            self.tokenizer: Any = Tokenizer.from_str(tokenizer.decode("utf-8"))
        except Exception as error:  # the library raises bare Exception for every fault
            raise ArtifactInvalid(f"tokenizer.json cannot be read: {error}") from None
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        highest = max(self.tokenizer.get_vocab().values(), default=-1)
        if not 0 <= highest < vocabulary:
            raise ArtifactInvalid(
                f"tokenizer.json gives token ids up to {highest}, the model knows {vocabulary}"
            )
        self.before, self.after = self._special_tokens()
        length = min(window_length or WINDOW_LENGTH, max_length)
        self.room, self.step = self._room_and_step(length)
        self.whole_room, self.whole_step = self._room_and_step(max_length)

    def _room_and_step(self, length: int) -> tuple[int, int]:
        """Return how many tokens of a text a window of this length holds, and after how many the next one begins."""
        room = length - len(self.before) - len(self.after)
        return room, max(1, min(room, int(length * STRIDE_SHARE)))

    def _special_tokens(self) -> tuple[list[int], list[int]]:
        """Return the ids that the tokenizer puts before and after a text, for instance [CLS] and [SEP]."""
        bare: list[int] = self.tokenizer.encode("a", add_special_tokens=False).ids
        full: list[int] = self.tokenizer.encode("a", add_special_tokens=True).ids
        for at in range(len(full) - len(bare) + 1):
            if full[at : at + len(bare)] == bare:
                return full[:at], full[at + len(bare) :]
        raise ArtifactInvalid("tokenizer.json changes a text's own tokens when it adds its special ones")

    def windows(self, texts: Sequence[str | NormalisedText], max_windows: int) -> list[Window]:
        """Return every window of every text, in order.

        Raises `TextTooLong`, before anything is scored, if a text needs more than `max_windows` windows of the model's
        whole length. So which texts are accepted does not depend on the length of a window.
        """
        cleaned = [normalise(text) if isinstance(text, str) else text for text in texts]
        encodings = self.tokenizer.encode_batch_fast(
            [text.text for text in cleaned], add_special_tokens=False
        )
        windows: list[Window] = []
        for index, (text, encoding) in enumerate(zip(cleaned, encodings, strict=True)):
            ids = encoding.ids
            if len(ids) <= self.room:
                windows.append(Window(index, self.framed(ids), 0, len(text.original)))
            else:
                windows.extend(self._overlapping(index, text, ids, max_windows))
        return windows

    def framed(self, ids: Sequence[int]) -> Ids:
        """Return the ids between the special tokens."""
        return numpy.array([*self.before, *ids, *self.after], dtype=numpy.int64)

    def _overlapping(self, index: int, text: NormalisedText, ids: list[int], most: int) -> list[Window]:
        whole = -(-max(0, len(ids) - self.whole_room) // self.whole_step) + 1
        if whole > most:
            raise TextTooLong(index, whole, most)
        count = -(-(len(ids) - self.room) // self.step) + 1
        offsets = self.tokenizer.encode(text.text, add_special_tokens=False).offsets
        windows = []
        for number in range(count):
            first = number * self.step
            last = min(first + self.room, len(ids))
            begin, end = text.original_span(offsets[first][0], max(offsets[last - 1][1], offsets[first][0]))
            begin = 0 if number == 0 else begin
            end = len(text.original) if last == len(ids) else end
            windows.append(Window(index, self.framed(ids[first:last]), begin, end))
        return windows
