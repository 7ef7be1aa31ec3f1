"""Who acts: one agent a file, the graph that joins them, and the understudy that needs no model."""

import os

# Read by LangGraph when it is first imported, and agents are what imports it first: a checkpoint may only
# bring back types that the state declares.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
