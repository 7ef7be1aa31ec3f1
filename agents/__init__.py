"""Who acts: one agent a file, the graph that joins them, and the understudy that needs no model."""
