"""The sandbox against the official SDK, over HTTP."""
