"""The six labels of the Jigsaw Toxic Comment data, which the shipped model has and a recipe learns by default."""

JIGSAW_LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
