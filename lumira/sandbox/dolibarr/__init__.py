"""A stand-in for Dolibarr: the part of its REST API that a synchronisation needs, with its traps, and faults on demand.

``/dolibarr/<name>`` is an installation of its own, created by its first request. Measured on Dolibarr 23.0.0-beta.
"""
