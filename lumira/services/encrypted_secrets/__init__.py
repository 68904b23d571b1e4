"""Use cases of the encrypted secrets: encrypt them with another key."""
