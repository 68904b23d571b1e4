"""Jobs of dead workers are enqueued again."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask
from procrastinate import JobContext
from procrastinate.jobs import Job

from config.settings import Settings
from lumira.tasks import queue, upkeep, worker

pytestmark = pytest.mark.usefixtures("app_context")


def test_a_job_that_ends_while_it_counts_as_stalled_is_left_alone(app: Flask, settings: Settings) -> None:
    ended = Job(id=2**40, queue=queue.QUEUE, lock=None, queueing_lock=None, task_name="relay")

    async def retry() -> None:
        with queue.queue.replace_connector(worker.connector(settings)) as connected:
            async with connected.open_async():
                manager = connected.job_manager

                async def list_stalled(**_options: Any) -> list[Job]:
                    return [ended, ended]

                manager.get_stalled_jobs = list_stalled  # type: ignore[method-assign]
                context = SimpleNamespace(app=SimpleNamespace(job_manager=manager))
                await upkeep.retry_stalled.func(cast(JobContext, context), 0)

    asyncio.run(retry())
