"""`flask demo`: everything running on this machine, and two purchases from the first click to the message.

`command` is what the operator sees, `installation` where one demo lives, `processes` what it consists of,
`brands` what an operator sets up once, `purchase` what a buyer does.
"""

from lumira.cli.demo.command import demo

__all__ = ["demo"]
