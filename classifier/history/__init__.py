"""The histories of the site as pages and files: decisions, verdicts, versions, audit."""
