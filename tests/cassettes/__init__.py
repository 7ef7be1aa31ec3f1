"""Recorded model traffic, so that real HTTP is replayed without a server or a key."""
