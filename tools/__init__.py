"""Hands: one provider a file. Models, importers, channels, embedders, tools over CRM data."""
