"""Starts toxicsite on one machine (`python -m toxicsite.launcher run`), and servers for tests."""
