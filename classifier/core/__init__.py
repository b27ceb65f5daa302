"""What every feature builds on: errors, permissions, access by source, audit, events, the outbound client."""
