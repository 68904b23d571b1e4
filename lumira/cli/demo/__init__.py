"""`flask demo`: everything running on this machine, and a purchase at each of three brands.

`command` is what the operator sees, `installation` where one demo lives, `processes` what it consists of,
`brands` what an operator sets up once. `purchases` are the three stories, told with what a buyer meets in `shop`
and `hosted_page` and what an operator reads of a `shelf`.
"""

from lumira.cli.demo.command import demo

__all__ = ["demo"]
