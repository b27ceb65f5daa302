"""Endpoints: the queue, decisions, appeals, reports."""
