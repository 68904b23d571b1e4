"""The balance of an account: its balance transactions and its payouts."""
