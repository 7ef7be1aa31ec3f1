"""What works: choosing among allowed actions, and knowing what worked. Pure numpy in, numpy out; no I/O."""
