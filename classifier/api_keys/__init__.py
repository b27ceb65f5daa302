"""API keys: making, rotating and revoking them, their quotas and usage, the programs that use them."""
