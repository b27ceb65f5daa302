"""Tasks of Label Studio's JSON export as rows: the text of the task, and the share of annotators for each label.

Format: "Label Studio JSON format of annotated tasks" in `docs/source/guide/export.md` of its repository. Labels are the
choices of its control tags `Choices`; taxonomies, ratings and spans are not read.
"""

from collections.abc import Mapping
from typing import Any


def is_task(values: Mapping[str, Any]) -> bool:
    """Tell whether a row of JSON is a task of Label Studio."""
    return isinstance(values.get("data"), Mapping) and isinstance(values.get("annotations"), list)


def task_row(values: Mapping[str, Any], text_column: str, label_columns: Mapping[str, str]) -> dict[str, Any]:
    """Return {text column, label columns}: a label is the share of annotations that chose it, None without any.

    Skipped annotations do not count. A column is a choice, or `tag:choice` where several control tags offer the same.
    """
    chosen = [
        choices
        for annotation in values["annotations"]
        if isinstance(annotation, Mapping) and not annotation.get("was_cancelled")
        if (choices := _choices(annotation.get("result"))) is not None
    ]
    row: dict[str, Any] = {text_column: values["data"].get(text_column)}
    for column in label_columns:
        count = sum(column.lower() in choices for choices in chosen)
        row[column] = count / len(chosen) if chosen else None
    return row


def _choices(result: Any) -> set[str] | None:
    """Return the choices of one annotation, in lower case, alone and as `tag:choice`; None where it is no list."""
    if not isinstance(result, list):
        return None
    choices: set[str] = set()
    for region in result:
        if not isinstance(region, Mapping) or region.get("type") != "choices":
            continue
        value = region.get("value")
        names = value.get("choices") if isinstance(value, Mapping) else None
        for name in names if isinstance(names, list) else ():
            choices |= {str(name).lower(), f"{region.get('from_name')}:{name}".lower()}
    return choices
