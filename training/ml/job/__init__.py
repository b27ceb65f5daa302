"""One run in a process of its own: `python -m training.ml.job FOLDER`."""
