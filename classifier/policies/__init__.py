"""Policies and rules: what a source does with scores, previews, drafts in shadow mode, advice on thresholds."""
