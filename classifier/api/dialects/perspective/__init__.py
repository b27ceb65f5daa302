"""Google's Perspective API (`commentanalyzer` v1alpha1): analyze, suggestscore and the discovery document."""
