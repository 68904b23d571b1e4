"""Alerts, and the team's posts about them."""
