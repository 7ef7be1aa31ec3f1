"""The nouns of Attune: frozen models, ports (Protocols) and the error tree.

Nothing here imports another room, does I/O or knows a provider.
"""
