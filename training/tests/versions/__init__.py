"""Model versions, the gate, shadow, suites and retraining."""
