"""The bandit."""
