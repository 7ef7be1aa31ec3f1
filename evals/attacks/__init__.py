"""Attacks on the whole graph: what a stranger writes, played through a model that always does what it is told."""
