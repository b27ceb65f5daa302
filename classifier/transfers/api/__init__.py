"""Endpoints: imports, exports, rescorings."""
