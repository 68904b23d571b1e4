"""What a data subject may demand and no single band below can do alone: the export as a file, and the whole erasure."""
