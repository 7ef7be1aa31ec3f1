"""What models are told: one folder a prompt, one file a version, and the library that renders them.

Here and not in code, so that a change of words is a new file anyone can read, compare and measure.
"""
