"""Pages: imports, exports, rescorings."""
