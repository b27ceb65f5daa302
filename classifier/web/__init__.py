"""The toolkit of the pages: access, navigation, error pages, charts, formatting."""
