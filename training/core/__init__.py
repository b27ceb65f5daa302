"""What every feature of training builds on: its errors."""
