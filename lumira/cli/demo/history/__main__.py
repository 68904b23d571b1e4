"""Make the history of the demo whose environment this process has: `python -m lumira.cli.demo.history 8000 12111`.

A process of its own: its clock is moved, and nothing of the caller's environment reaches its calls.
"""

import os
import sys

import requests

from config.settings import Settings
from lumira.cli.demo.history.story import make_history
from lumira.cli.demo.installation import Installation


def main() -> None:
    settings = Settings.from_environment(os.environ)
    port, sandbox_port = map(int, sys.argv[1:])
    with requests.Session() as http:
        make_history(Installation(settings.instance_path, port, sandbox_port), http, settings)


if __name__ == "__main__":
    main()
