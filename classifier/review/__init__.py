"""The review queue: placement, claims, decisions, undo, bulk decisions, appeals, reports."""
