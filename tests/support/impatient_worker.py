"""The web server's worker class with shorter limits, so that tests need not wait for the real ones."""

from config.receiving_worker import ReceivingWorker


class ImpatientWorker(ReceivingWorker):
    """Waits for a request a second, and for an upload as long."""

    receive_within = 1.0
    slowest_upload = 1024 * 1024 * 1024
