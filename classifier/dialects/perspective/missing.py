"""Real attributes of Perspective that no label of the answering model covers: what stands for them, and who is told."""

from collections.abc import Collection
from dataclasses import dataclass, field

from classifier.dialects.moderation import shortened
from classifier.dialects.perspective import comment as common
from classifier.models import ApiKey, MissingAttributes

HEADER = "Toxicsite-Missing-Attributes"


@dataclass
class Missing:
    """What stands for the attributes that are missing, by the setting of the key.

    Where the caller asks for `dropUnsupportedAttributes` they are left out, whatever the key says. `names` are those
    that were asked for, under the names that the caller gave them.
    """

    choice: str
    constant: float | None
    names: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, api_key: ApiKey | None, *, drop: bool) -> "Missing":
        if api_key is None or drop:
            return cls(MissingAttributes.LEAVE_OUT, None)
        constant = api_key.missing_constant
        return cls(
            api_key.missing_attributes,
            constant if api_key.missing_attributes == MissingAttributes.CONSTANT else None,
        )

    def add(self, name: str) -> None:
        """Note that it is missing. Raises a refusal where the key has chosen that."""
        if self.choice == MissingAttributes.REFUSE:
            raise common.uncovered(name)
        self.names[name] = None

    def of_attribute(self, name: str) -> float | None:
        """The number that stands for this attribute, if one does."""
        return self.constant if name in self.names else None

    def told(self) -> dict[str, float | None]:
        """Each name with the number that stands for it; None: left out."""
        return dict.fromkeys(self.names, self.constant)

    def header(self) -> dict[str, str]:
        return header_of(self.names, self.constant)


def header_of(names: Collection[str], constant: float | None = None) -> dict[str, str]:
    """The reply header that names missing attributes, each with the number that stands for it."""
    mark = "" if constant is None else f"={constant:g}"
    return {HEADER: shortened((f"{name}{mark}" for name in names), ", ")} if names else {}
