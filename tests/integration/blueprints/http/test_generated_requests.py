"""Requests generated from the OpenAPI document, valid and invalid: every reply matches the document."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.factories import Brand

CHECKS = [
    checks.not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
#: The same requests in every run: a failure is a change of ours and never luck.
STEADY = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_reply_matches_the_openapi_document(app: Flask, tenant: Brand, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    # An invalid request may also exceed the size limit.
    refused = document.config.checks.negative_data_rejection
    refused.expected_statuses = [*refused.expected_statuses, "413"]
    headers = {**tenant.secret, "Host": tenant.domain}
    checks = CHECKS if mode is GenerationMode.POSITIVE else [*CHECKS, negative_data_rejection]
    seen = set()
    for result in document.get_all_operations():
        operation = result.ok()

        @STEADY
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            reply = case.call(headers=headers)
            case.validate_response(reply, checks=checks)
            seen.add(reply.status_code)

        try:
            ask()
        except Exception as error:
            # A request without parameters and body cannot be invalid.
            if type(error).__name__ not in ("Unsatisfiable", "InvalidArgument"):
                raise
    assert (200 if mode is GenerationMode.POSITIVE else 400) in seen
