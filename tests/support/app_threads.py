"""Work in another thread of the application, beside the test."""

import threading
from collections.abc import Callable

from flask import Flask


def in_thread(app: Flask, work: Callable[[], object]) -> threading.Thread:
    """Begin the work in a thread with a session of its own."""

    def run() -> None:
        with app.app_context():
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
