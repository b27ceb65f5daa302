"""Lists of rules that come with the project, for those who have none of their own; nobody is given one unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("starter_lists")


@dataclass(frozen=True)
class StarterList:
    """A list: its title, the file that it lies in, and whose it is under which licence."""

    title: str
    file: str
    attribution: str

    def read(self) -> str:
        return (FOLDER / self.file).read_text(encoding="utf-8")


STARTERS: Mapping[str, StarterList] = {
    "profanity-en": StarterList(
        "English profanity, strong and severe",
        "profanity-en.csv",
        "The Obscene List by Surge AI (github.com/surge-ai/profanity), MIT licence",
    ),
}
