"""What is allowed: pure functions over domain objects and a rule book; the caller passes the clock."""
