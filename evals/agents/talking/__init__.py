"""The assistant's tasks: questions with checkable end states, and the checks."""
