"""What ends a demo early."""


class DemoFailed(Exception):
    """Something is not as it should be; the message says what, and where to look."""
