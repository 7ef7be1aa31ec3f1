"""How good replay is: whether the truth lies within as often as the interval says."""
