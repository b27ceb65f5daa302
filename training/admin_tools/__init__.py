"""What training's part of the Django administration shares."""
