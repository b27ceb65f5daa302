"""Notices: what people hear of by e-mail and in chat channels."""
