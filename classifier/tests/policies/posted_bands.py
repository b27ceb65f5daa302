"""The rows of thresholds as the form of a policy posts them."""


def posted_bands(**bands: tuple[str, str]) -> dict[str, str]:
    """Return the fields of a formset with (review, remove) for each label; `main` is the model's main label."""
    rows = [("*" if label == "main" else label, *limits) for label, limits in bands.items()]
    data = {"bands-TOTAL_FORMS": str(len(rows)), "bands-INITIAL_FORMS": str(len(rows))}
    for place, (label, review, remove) in enumerate(rows):
        data |= {
            f"bands-{place}-label": label,
            f"bands-{place}-review": review,
            f"bands-{place}-remove": remove,
        }
    return data
