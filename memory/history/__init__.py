"""Contact history: what each contact did, said and was told, recalled by meaning within that contact only.

The `memories` table holds every item and is the truth; Chroma holds one vector an item and can be
rebuilt from it at any time.
"""
