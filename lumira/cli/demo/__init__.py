"""`flask demo`: runs a whole installation on this machine and makes a purchase at each of three brands.

`command` is the command itself, `installation` the demo's folder, ports and environment, `processes` its child
processes, and `brands` the setup that an operator does once. `purchases` makes the three purchases, with the HTTP
calls in `brand_client`, the pages in `checkout_page` and `portal`, and the stock figures in `stock`. `output`
formats what the command prints.
"""

from lumira.cli.demo.command import demo

__all__ = ["demo"]
