"""Azure AI Content Safety: `text:analyze` and text blocklists, as its clients call them."""
