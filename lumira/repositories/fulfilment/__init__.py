"""What was sold and is to be delivered: deliverables, their files, and shipments."""
