"""The container image: built from `deploy/Dockerfile`, run as `deploy/compose.yaml` runs it, and bought from."""
