"""Endpoints: policies, their versions and drafts."""
