"""Nouns (leaves that never commit) and verbs (use cases) of the house."""
