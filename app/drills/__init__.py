"""Drills: what is left after a crash. Each one counts duplicates, losses and sends nobody allowed."""
