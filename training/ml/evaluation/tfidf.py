"""Count words and pairs of words, for the baselines and for finding label errors."""

from typing import Any

import numpy as np

MOST_TERMS = 200_000


def word_counter(seed: int = 0) -> Any:
    """Return the unfitted pipeline: TF-IDF over words and word pairs, then logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        TfidfVectorizer(
            ngram_range=(1, 2), min_df=2, max_features=MOST_TERMS, sublinear_tf=True, dtype=np.float32
        ),
        LogisticRegression(C=4.0, solver="liblinear", random_state=seed),
    )
