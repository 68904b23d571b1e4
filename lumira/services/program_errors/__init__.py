"""Unexpected errors of the program: noted while the program runs, written by kind, shown to operators."""
