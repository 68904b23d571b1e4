"""The job queue and its workers. The work itself is in rows; a job only makes a worker look at them."""
