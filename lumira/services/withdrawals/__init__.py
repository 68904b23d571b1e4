"""Withdrawals from contracts: requested and confirmed by buyers, decided by operators."""
