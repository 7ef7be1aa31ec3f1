"""How fast it is: rates and overheads, measured on real parts and printed as one table."""
