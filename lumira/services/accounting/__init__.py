"""The accounting export: entries, files for the accountant, and the proof that they agree."""
