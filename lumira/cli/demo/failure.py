"""The error that ends a demo."""


class DemoFailed(Exception):
    """The demo failed; the message says what is wrong and where to look."""
