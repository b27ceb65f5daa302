"""Pages: policies, drafts, rules."""
