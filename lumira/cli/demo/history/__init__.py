"""The sales of the last two weeks, which the first start of the demo makes, so that every page shows something.

They are made as all others are: by the API, with the sandbox's payments and its signed webhooks, and with the use cases
of the worker and the dashboard. Only the clock is moved, Lumira's and the sandbox's alike, from one sale to the next.
"""
