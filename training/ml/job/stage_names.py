"""The stages of a job that take time, by the names under which its progress tells of them."""

TRAIN, EXPORT, TRIAL, EVALUATE = "train", "export", "trial", "evaluate"
ALL_DONE = "done"
