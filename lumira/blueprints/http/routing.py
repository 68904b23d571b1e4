"""How routes are written: a typed flask-smorest blueprint whose parser is strict."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

from flask import Request, g
from flask_smorest import Blueprint  # type: ignore[import-untyped]
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import FileStorage

from lumira.blueprints.http.request_body import digest_of, read_files, read_json_object
from lumira.errors import InvalidRequest
from lumira.schemas.base import RequestSchema
from lumira.services.files.store_file import max_upload_bytes

_View = TypeVar("_View", bound=Callable[..., Any])


class StrictParser(FlaskParser):
    """Reads bodies and query strings; whatever is not declared is refused."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE, "files": RAISE}  # noqa: RUF012 - declared by webargs
    # Only told in the document; `handle_error` decides.
    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: Request, schema: Schema) -> dict[str, Any]:  # noqa: ARG002 - webargs calls it so
        g.body = read_json_object(req)
        return cast(dict[str, Any], g.body)

    def load_files(self, req: Request, schema: Schema) -> dict[str, FileStorage]:  # noqa: ARG002 - as above
        files = read_files(req, limit=max_upload_bytes())
        # What the files hold is what makes two calls the same: their boundaries differ with each try.
        g.body = {name: [file.filename, digest_of(file)] for name, file in files.items()}
        return files

    def load_querystring(self, req: Request, schema: Schema) -> dict[str, str]:  # noqa: ARG002 - as above
        if any(len(values) > 1 for values in req.args.listvalues()):
            raise InvalidRequest("The query string names a parameter twice.")
        return req.args.to_dict()

    def handle_error(
        self,
        error: ValidationError,
        req: Request,  # noqa: ARG002 - as above
        schema: Schema,
        **_options: object,
    ) -> NoReturn:
        """Refuse with the code of the first field that is wrong, and tell of all of them."""
        assert isinstance(schema, RequestSchema)  # noqa: S101 - no other kind is declared by a route
        # Webargs files the messages under where they were found.
        (messages,) = cast(dict[str, dict[str, object]], error.messages).values()
        fields = schema.in_order(messages)
        name, sentences = next(iter(fields.items()))
        code = schema.code_of(messages)
        raise InvalidRequest(f"{name}: {sentences[0]}", code=code, fields=fields) from error


class ApiBlueprint(Blueprint):  # type: ignore[misc]
    """A group of routes that share their authentication, and their chapter in the document."""

    ARGUMENTS_PARSER = StrictParser()

    def get(self, rule: str, **options: Any) -> Callable[[_View], _View]:
        return cast(Callable[[_View], _View], super().get(rule, **options))

    def post(self, rule: str, **options: Any) -> Callable[[_View], _View]:
        return cast(Callable[[_View], _View], super().post(rule, **options))

    def body(self, schema: type[RequestSchema], **options: Any) -> Callable[[_View], _View]:
        """Hand the view the body, checked."""
        return cast(Callable[[_View], _View], self.arguments(schema, **options))

    def form(self, schema: type[RequestSchema]) -> Callable[[_View], _View]:
        """Hand the view the files of a form, checked."""
        return cast(Callable[[_View], _View], self.arguments(schema, location="files"))

    def query(self, schema: type[RequestSchema]) -> Callable[[_View], _View]:
        """Hand the view the query string, checked."""
        return cast(Callable[[_View], _View], self.arguments(schema, location="query"))

    def replies(self, schema: type[Schema], **options: Any) -> Callable[[_View], _View]:
        """Answer 200 with what the view returns, in the shape of `schema`."""
        return cast(Callable[[_View], _View], self.response(200, schema, **options))

    def also_replies(self, status: int, schema: type[Schema], *, when: str) -> Callable[[_View], _View]:
        """Say in the document what else is answered, and when."""
        return cast(Callable[[_View], _View], self.alt_response(status, schema=schema, description=when))

    def documented(self, **options: Any) -> Callable[[_View], _View]:
        """Add to what the document says of the route."""
        return cast(Callable[[_View], _View], self.doc(**options))
