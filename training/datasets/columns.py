"""Which columns hold labels, as people write it: `toxic, insult`, or `label=toxic` where the label has another name."""


def label_columns_of(text: str) -> dict[str, str]:
    """{column: label} of a comma-separated list; the services check the names."""
    found = {}
    for part in text.split(","):
        column, _, label = (side.strip() for side in part.partition("="))
        if column:
            found[column] = label or column
    return found
