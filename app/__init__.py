"""The doors: settings, wiring, runs, the command line. The only room that knows all the others."""

import os

# Read when numpy is first imported. Learners multiply many small matrices: threads would only wait for each other.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# Read by LangGraph when it is first imported, which a file of this room may do before the agents do.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
