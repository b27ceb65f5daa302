"""Agreement between moderators: blind reviews and known answers."""
