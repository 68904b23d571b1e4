"""What prevents the import of an archive into this installation, and which of it an operator may accept."""

from collections.abc import Iterator
from dataclasses import dataclass

from lumira import link_tokens
from lumira.database import atomic
from lumira.repositories.tenants import tenant_tables, tenants
from lumira.services.moving.key_proofs import find_missing
from lumira.services.moving.moved_files import is_marked
from lumira.services.moving.read_archive import Contents

#: What an operator may accept.
SECRET_KEY, ENCRYPTION_KEYS, PUBLIC_URL, FILES = (
    "secret-key",
    "encryption-keys",
    "public-url",
    "missing-files",
)
ACCEPTABLE = (SECRET_KEY, ENCRYPTION_KEYS, PUBLIC_URL, FILES)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason against the import; `accepts_as` is what an operator accepts it by, if that is possible."""

    sentence: str
    accepts_as: str | None = None


def find_imported(contents: Contents) -> int | None:
    """Return the tenant that was imported from this archive; `None` if it was not."""
    with atomic(None):
        tenant_id = tenants.find_id(contents.slug)
    if tenant_id is None:
        return None
    with atomic(tenant_id):
        return tenant_id if tenants.get(tenant_id).import_id == contents.archive_id else None


def list_obstacles(contents: Contents, *, is_dry_run: bool) -> list[Obstacle]:
    """Return every reason against the import, those that the database finds while it inserts excepted."""
    schema = list(_of_schema(contents))
    # Of another version, nothing else in the archive means the same.
    return schema or [
        *_of_names(contents),
        *_of_keys(contents),
        *_of_files(contents),
        *_of_source(contents, is_dry_run=is_dry_run),
    ]


def _of_schema(contents: Contents) -> Iterator[Obstacle]:
    with atomic(None):
        revision = tenant_tables.read_revision()
        names = {
            table.name for table in [*tenant_tables.list_tables(), *tenant_tables.list_operator_tables()]
        }
    if contents.head["revision"] != revision:
        yield Obstacle(
            f"The archive is of revision {contents.head['revision']} ({contents.head['software']}), and this database "
            f"of {revision}: run the same version of Lumira in both installations, with `flask db upgrade`."
        )
    elif names != contents.totals["tables"].keys():
        yield Obstacle(
            "The archive has other tables than this database: run the same version in both installations."
        )


def _of_names(contents: Contents) -> Iterator[Obstacle]:
    with atomic(None):
        if tenants.find_id(contents.slug) is not None:
            yield Obstacle(f"There is a tenant {contents.slug} here already.")
        elif contents.tenant_id in tenants.list_ids():
            yield Obstacle(
                f"Another tenant here has the id {contents.tenant_id}. A tenant keeps its id, which its links and hash "
                "chains contain: import it into another installation."
            )
        for domain in contents.head["domains"]:
            if tenants.find_id_by_domain(domain) is not None:
                yield Obstacle(f"The domain {domain} belongs to another tenant here: remove it there first.")


def _of_keys(contents: Contents) -> Iterator[Obstacle]:
    missing = find_missing(contents.head["key_proofs"])
    if missing.secret_key:
        yield Obstacle(
            "This installation does not accept the SECRET_KEY of the other one: links in sent e-mails would not open, "
            "and the heads of the hash chains would count as changed. Add it to SECRET_KEY_FALLBACKS.",
            SECRET_KEY,
        )
    if missing.encryption_keys:
        consequence = (
            "buyers who were erased would not be recognised"
            if contents.head["has_erased"]
            else "recovery codes of operators would not count"
        )
        yield Obstacle(
            f"LUMIRA_ENCRYPTION_KEYS lacks a key of the other installation: {consequence}. Append its keys to those "
            "here.",
            ENCRYPTION_KEYS,
        )
    public_url = link_tokens.public_url_of("")
    if contents.head["public_url"] not in (None, public_url):
        yield Obstacle(
            f"PUBLIC_URL is {public_url or 'not set'} here and {contents.head['public_url']} in the other one: links "
            "in sent e-mails and Stripe's endpoint lead there. See docs/moving-a-tenant.md.",
            PUBLIC_URL,
        )


def _of_files(contents: Contents) -> Iterator[Obstacle]:
    missing = contents.totals["missing"]
    if missing:
        yield Obstacle(
            f"The other installation's storage lacked {len(missing)} files, such as {missing[0]}: buyers cannot "
            "download them there either.",
            FILES,
        )
    if contents.totals["files"] and is_marked(contents.tenant_id, contents.archive_id):
        yield Obstacle(
            "This installation's files are in the storage of the other one: removing the tenant there would remove its "
            "files here. Give this installation a bucket of its own (S3_BUCKET)."
        )


def _of_source(contents: Contents, *, is_dry_run: bool) -> Iterator[Obstacle]:
    if contents.is_rehearsal and not is_dry_run:
        yield Obstacle(
            f"The archive is a rehearsal: {contents.slug} went on selling when it was written. Import it with "
            "--dry-run, or freeze the tenant there and export it again."
        )
