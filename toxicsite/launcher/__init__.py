"""Starts toxicsite on one machine: `python -m toxicsite.launcher run`, and `with-services -- COMMAND` for tests."""
