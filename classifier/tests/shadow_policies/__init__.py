"""A draft of a policy in the shadow of the one in force."""
