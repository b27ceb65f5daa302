"""The way of a version into production: the quality gate, promotion, shadow mode."""
