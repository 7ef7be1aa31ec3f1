"""People's rights: see what is kept of one person, take it away, stop using it; and keep nothing for too long."""
