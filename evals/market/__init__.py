"""The sample market: a made-up vendor, its content, and the companies and people it could write to.

It exists so that a newcomer sees the whole way of a contact without any data of their own. Everything in
it is generated from a seed and a moment and lies on the reserved domain .example.
"""
