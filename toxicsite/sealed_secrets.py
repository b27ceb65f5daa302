"""The secrets of others that the database holds encrypted: which key opens them, and renewing them.

They are the binary fields named `sealed_…`, of whichever model.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models, transaction

from toxicsite.lib.encryption import DecryptionFailed, decrypt, is_current, renew


@dataclass(frozen=True)
class SealedSecret:
    """One encrypted field of one row."""

    row: models.Model
    field: str

    def __str__(self) -> str:
        return f"{self.row._meta.verbose_name} “{self.row}”"

    @property
    def value(self) -> bytes:
        return bytes(getattr(self.row, self.field))

    @property
    def is_readable(self) -> bool:
        try:
            decrypt(self.value)
        except DecryptionFailed:
            return False
        return True

    @property
    def is_current(self) -> bool:
        return is_current(self.value)


def sealed_fields() -> list[tuple[type[models.Model], str]]:
    """List the encrypted fields of all models."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.BinaryField) and field.name.startswith("sealed_")
    ]


def sealed_secrets() -> Iterator[SealedSecret]:
    """Yield every secret that is stored encrypted."""
    for model, field in sealed_fields():
        for row in model._default_manager.exclude(**{f"{field}__isnull": True}).order_by("pk"):
            yield SealedSecret(row, field)


def secrets_renew() -> tuple[int, list[str]]:
    """Encrypt again with the present key what an earlier one encrypted; return how many, and what no key opens."""
    renewed, unreadable = 0, []
    for model, field in sealed_fields():
        for pk in list(
            model._default_manager.exclude(**{f"{field}__isnull": True}).values_list("pk", flat=True)
        ):
            with transaction.atomic():
                row = model._default_manager.select_for_update(of=("self",)).filter(pk=pk).first()
                if row is None or getattr(row, field) is None:
                    continue
                secret = SealedSecret(row, field)
                if secret.is_current:
                    continue
                try:
                    value = renew(secret.value)
                except DecryptionFailed:
                    unreadable.append(str(secret))
                    continue
                model._default_manager.filter(pk=pk).update(**{field: value})
                renewed += 1
    return renewed, unreadable
