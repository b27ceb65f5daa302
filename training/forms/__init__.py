"""What people may type into the training pages; the rules themselves live in the services."""
