"""How well the rules tell a message that may go out from one that may not: one planted fault a message."""
