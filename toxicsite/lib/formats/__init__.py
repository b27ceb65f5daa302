"""How dates and times are written where no page says otherwise, that is in the administration."""
