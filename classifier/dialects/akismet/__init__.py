"""Akismet: `verify-key`, `comment-check`, `submit-spam` and `submit-ham`, as WordPress and many programs call them."""
