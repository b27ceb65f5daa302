"""What the Django administration of every feature shares: read-only histories, bounded counts, search by numbers."""
