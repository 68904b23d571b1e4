"""The processes of the installation as in production, with the Stripe sandbox."""

import time
from pathlib import Path

import requests

from tests.chaos.installation import HOST, Installation, module
from tests.chaos.postgresql import Database
from tests.chaos.processes import Service, Supervisor

JOB_WORKERS = 2
_UP_WITHIN = 60.0


class Stack:
    """All processes of a run; leaving the `with` block stops them."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.database = Database(installation)
        self.supervisor = Supervisor()
        self.postgresql: Service
        self.web: Service
        self.job_workers: list[Service] = []

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.stop()

    def start_database_and_sandbox(self) -> None:
        """Start the database, create its tables, and start the sandbox."""
        installation = self.installation
        sandbox = (
            "--host",
            HOST,
            "--port",
            str(installation.sandbox_port),
            "--state",
            str(installation.sandbox_state),
        )
        self._start("sandbox", "flask", "sandbox", *sandbox, LUMIRA_ENV="development")
        self.postgresql = self.supervisor.start(self.database.create())
        self.database.set_up(installation.environment(), module("flask", "db", "upgrade"))
        self._wait_for(installation.sandbox_url)

    def start_servers(self) -> None:
        """Start the web server and the workers."""
        bind = f"{HOST}:{self.installation.port}"
        self.web = self._start(
            "web", "gunicorn", "--config", "config/gunicorn.py", "--bind", bind, "wsgi:app"
        )
        self.job_workers = [
            self._start(f"worker-{number + 1}", "flask", "worker") for number in range(JOB_WORKERS)
        ]
        self._wait_for(f"{self.installation.url}/readyz")

    def _start(self, name: str, *arguments: str, **environment: str) -> Service:
        log: Path = self.installation.logs / f"{name}.log"
        variables = self.installation.environment() | environment
        return self.supervisor.start(Service(name, module(*arguments), variables, log))

    def _wait_for(self, url: str) -> None:
        deadline = time.monotonic() + _UP_WITHIN
        with requests.Session() as http:
            # The caller's proxy settings must not apply to localhost.
            http.trust_env = False
            while True:
                try:
                    if http.get(url, timeout=5).ok:
                        return
                except requests.RequestException:
                    pass
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{url} did not respond. The logs are in {self.installation.logs}.")
                time.sleep(0.05)
