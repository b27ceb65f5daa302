"""Pages: retraining."""
