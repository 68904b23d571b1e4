"""The job queue: wake-ups and periodic work; the rows carry the truth."""
