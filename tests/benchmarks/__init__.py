"""Benchmarks: Lumira's speed relative to a hand-written reference measured in the same run."""
