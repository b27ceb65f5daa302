"""Tests of training's API."""
