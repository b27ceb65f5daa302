"""Tests of the dialects: each row of the wire formats, byte for byte where clients compare words."""
