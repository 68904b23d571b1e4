"""How fast Lumira is, as ratios to a hand-written reference that is measured in the same run."""
