"""The door for other people's assistants: our tools over the Model Context Protocol.

They look things up, and put changes before the member. Nothing is done through it: a yes is said in Attune itself.
"""
