"""A typed flask-smorest blueprint with a strict parser."""

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar, cast

from flask import Request, g
from flask_smorest import Blueprint  # type: ignore[import-untyped]
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import FileStorage

from lumira.blueprints.http.request_body import digest_of, read_files, read_json_object
from lumira.errors import InvalidRequest, LumiraError
from lumira.schemas.base import RequestSchema
from lumira.services.files.store_file import max_upload_bytes

#: Where an operation of the OpenAPI document lists its error codes until the document is completed.
ERROR_CODES = "x-error-codes"

_View = TypeVar("_View", bound=Callable[..., Any])


class StrictParser(FlaskParser):
    """Reads bodies and query strings; undeclared fields are refused."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE, "files": RAISE}  # noqa: RUF012 - declared by webargs
    # For the OpenAPI document only; `handle_error` raises the error.
    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: Request, schema: Schema) -> dict[str, Any]:  # noqa: ARG002 - webargs passes it
        g.body = read_json_object(req)
        return cast(dict[str, Any], g.body)

    def load_files(self, req: Request, schema: Schema) -> dict[str, FileStorage]:  # noqa: ARG002 - as above
        files = read_files(req, limit=max_upload_bytes())
        # The fingerprint covers the files' contents: the boundaries of a multipart form differ in every attempt.
        g.body = {name: [file.filename, digest_of(file)] for name, file in files.items()}
        return files

    def load_querystring(self, req: Request, schema: Schema) -> dict[str, str]:  # noqa: ARG002 - as above
        if any(len(values) > 1 for values in req.args.listvalues()):
            raise InvalidRequest("The query string contains a parameter twice.")
        return req.args.to_dict()

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        **_options: object,
    ) -> NoReturn:
        """Raise `InvalidRequest` with the code of the first invalid field, and the messages of all fields."""
        assert isinstance(schema, RequestSchema)  # noqa: S101 - routes declare no other kind
        # Webargs groups the messages by location: body, query or files.
        [(location, messages)] = cast(dict[str, dict[str, object]], error.messages).items()
        fields = schema.in_order(messages)
        if location == "query":
            fields = {name: _with_plus_hint(req, name, sentences) for name, sentences in fields.items()}
        name, sentences = next(iter(fields.items()))
        code = schema.code_of(messages)
        raise InvalidRequest(f"{name}: {sentences[0]}", code=code, fields=fields) from error


def _with_plus_hint(req: Request, name: str, sentences: list[str]) -> list[str]:
    """The messages of a query parameter; the first says so if a `+` was read as a space."""
    if b"+" not in req.query_string or " " not in req.args.get(name, ""):
        return sentences
    return [f"{sentences[0]} A + in a query string means a space: encode + as %2B.", *sentences[1:]]


class ApiBlueprint(Blueprint):  # type: ignore[misc]
    """A group of routes with one authentication and one tag in the OpenAPI document."""

    ARGUMENTS_PARSER = StrictParser()

    def get(self, rule: str, *, name: str, **options: Any) -> Callable[[_View], _View]:
        """Route GET requests to the view; `name` is the operation's name in generated clients."""
        return self._route(super().get(rule, **options), name)

    def post(self, rule: str, *, name: str, **options: Any) -> Callable[[_View], _View]:
        """Route POST requests to the view."""
        return self._route(super().post(rule, **options), name)

    def delete(self, rule: str, *, name: str, **options: Any) -> Callable[[_View], _View]:
        """Route DELETE requests to the view."""
        return self._route(super().delete(rule, **options), name)

    def _route(self, register: Callable[[_View], _View], name: str) -> Callable[[_View], _View]:
        return lambda view: register(self.documented(operationId=name)(view))

    def body(self, schema: type[RequestSchema], **options: Any) -> Callable[[_View], _View]:
        """Pass the view the command that the schema builds from the body."""
        return self._parsed(schema, **options)

    def form(self, schema: type[RequestSchema]) -> Callable[[_View], _View]:
        """Pass the view the validated files of a form."""
        return self._parsed(schema, location="files")

    def query(self, schema: type[RequestSchema]) -> Callable[[_View], _View]:
        """Pass the view the filter that the schema builds from the query string."""
        return self._parsed(schema, location="query")

    def _parsed(self, schema: type[RequestSchema], **options: Any) -> Callable[[_View], _View]:
        # One object for all requests: of a class, webargs makes an object for each, with a copy of every field.
        parse = cast(Callable[[_View], _View], self.arguments(schema(), **options))
        return lambda view: self._with_codes(schema.codes())(parse(view))

    def raises(self, *errors: type[LumiraError]) -> Callable[[_View], _View]:
        """Add the codes of these errors, which the use case raises, to the OpenAPI document."""
        return self._with_codes(error.code for error in errors)

    def _with_codes(self, codes: Iterable[str]) -> Callable[[_View], _View]:
        # A mapping, because flask-smorest merges mappings and replaces lists.
        return self.documented(**{ERROR_CODES: dict.fromkeys(codes, True)})

    def replies(self, schema: type[Schema], **options: Any) -> Callable[[_View], _View]:
        """Reply 200 with the view's result, dumped by `schema`."""
        return cast(Callable[[_View], _View], self.response(200, schema, **options))

    def also_replies(self, status: int, schema: type[Schema], *, when: str) -> Callable[[_View], _View]:
        """Add another reply to the OpenAPI document."""
        return cast(Callable[[_View], _View], self.alt_response(status, schema=schema, description=when))

    def documented(self, **options: Any) -> Callable[[_View], _View]:
        """Add to the route's entry in the OpenAPI document."""
        return cast(Callable[[_View], _View], self.doc(**options))
