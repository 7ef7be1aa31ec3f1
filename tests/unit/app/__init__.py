"""Tests of what the doors compute by themselves."""
