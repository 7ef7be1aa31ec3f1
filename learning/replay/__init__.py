"""Replay (off-policy evaluation): what a candidate would have earned, told from the log of another chooser.

A candidate is anything that gives each logged decision a probability for each action: a learner version,
a rule, an asset set. `report.replay` is the door; one estimator stands in each file.
"""
