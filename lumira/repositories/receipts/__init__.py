"""Receipts and credit notes: numbers, chain, closings and proof."""
