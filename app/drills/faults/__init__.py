"""Faults to survive, one file each, and what is counted after every one of them: `python -m app.drills.faults`."""
