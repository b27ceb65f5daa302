"""Imports, exports, rescoring and comparisons with old scores, in the background."""
