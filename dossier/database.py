"""The one database: roles, the database itself, migrations, connection pools, and what can be asked of a server.

Three roles besides the administrator. `dossier_owner` owns the tables and runs migrations; `dossier_service` is what
the service connects as and gets only what migrations grant it; `dossier_eraser` erases payloads. The same three hold
for an embedded and for a supported server.
"""

from __future__ import annotations

import asyncio
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from dossier.embedded import Cluster
from dossier.errors import UnavailableError

OWNER = "dossier_owner"
SERVICE = "dossier_service"
ERASER = "dossier_eraser"
MIGRATIONS = Path(__file__).parent / "migrations"

CONNECTION_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
"""What asyncpg raises when the server is gone, refuses, or does not answer in time."""


# SQLSTATE classes: connection, resources (disk full), intervention, system, internal; and a server that only reads.
_AWAY = ("08", "53", "57", "58", "XX", "25006")


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database or a disk cannot serve now, and nothing of the statement itself."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_AWAY)
    return isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError)


@dataclass(frozen=True)
class DatabaseUrls:
    """One URL a role; the representation shows none, they carry passwords. An empty one is not configured."""

    service: str = field(repr=False)
    owner: str = field(default="", repr=False)
    eraser: str = field(default="", repr=False)


@dataclass(frozen=True)
class ServerFacts:
    """What a server says of itself. `clock` is its time in seconds since 1970, `revision` the schema's or empty."""

    version: int
    role: str
    settings: dict[str, str]
    clock: float
    revision: str
    may_rewrite: bool


def socket_url(cluster: Cluster, role: str, password: str, name: str) -> str:
    """The URL of a database of an embedded cluster over its unix socket."""
    where = urlencode({"host": cluster.host, "port": cluster.port})
    return f"postgresql://{role}:{quote(password, safe='')}@/{quote(name, safe='')}?{where}"


def embedded_urls(cluster: Cluster, name: str = "dossier") -> DatabaseUrls:
    """The three URLs of one database of a started cluster."""
    known = cluster.passwords
    return DatabaseUrls(
        service=socket_url(cluster, SERVICE, known.service, name),
        owner=socket_url(cluster, OWNER, known.owner, name),
        eraser=socket_url(cluster, ERASER, known.eraser, name),
    )


def administrator_url(cluster: Cluster, name: str = "postgres") -> str:
    """The superuser's URL: for making roles and databases, never for the service."""
    return socket_url(cluster, "postgres", cluster.passwords.superuser, name)


async def prepare_embedded(cluster: Cluster, name: str = "dossier") -> DatabaseUrls:
    """Make the roles and the database of a started cluster where they are missing; safe to repeat."""
    known = cluster.passwords
    roles = {OWNER: known.owner, SERVICE: known.service, ERASER: known.eraser}
    await create_roles(administrator_url(cluster), roles)
    await create_database(administrator_url(cluster), name)
    await protect_database(administrator_url(cluster, name), name)
    return embedded_urls(cluster, name)


async def prepare_server(administrator: str, urls: DatabaseUrls) -> None:
    """Make roles and database on a supported server, with the passwords and the name that stand in the URLs."""
    configured = {OWNER: urls.owner, SERVICE: urls.service, ERASER: urls.eraser}
    await create_roles(administrator, {role: unquote(urlsplit(url).password or "") for role, url in configured.items()})
    name = unquote(urlsplit(urls.service).path.lstrip("/"))
    await create_database(administrator, name)
    await protect_database(urlunsplit(urlsplit(administrator)._replace(path=f"/{quote(name, safe='')}")), name)


async def create_roles(url: str, passwords: dict[str, str]) -> None:
    """Make login roles without any other right, or set their passwords again."""
    connection = await asyncpg.connect(url)
    try:
        known = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        for role, password in passwords.items():
            verb = "ALTER" if role in known else "CREATE"
            # Utility statements take no parameters, so the server itself quotes both parts.
            wanted = f"{verb} ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L"
            await connection.execute(
                await connection.fetchval("SELECT format($1, $2::text, $3::text)", wanted, role, password)
            )
    finally:
        await connection.close()


async def create_database(url: str, name: str, template: str = "template0") -> None:
    """Make a database owned by the owner role unless it exists; `name` and `template` are quoted as identifiers."""
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(
                f"CREATE DATABASE {identifier(name)} OWNER {OWNER} TEMPLATE {identifier(template)}"
            )
    finally:
        await connection.close()


async def protect_database(url: str, name: str) -> None:
    """Take the rights of PUBLIC away: a role can do what a migration grants it and nothing else."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"""
            REVOKE ALL ON DATABASE {identifier(name)} FROM PUBLIC;
            GRANT CONNECT ON DATABASE {identifier(name)} TO {SERVICE}, {ERASER};
            ALTER SCHEMA public OWNER TO {OWNER};
            REVOKE ALL ON SCHEMA public FROM PUBLIC;
            GRANT USAGE ON SCHEMA public TO {SERVICE}, {ERASER};
            ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        """)
    finally:
        await connection.close()


def identifier(name: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


async def migrate(owner_url: str) -> None:
    """Bring the schema to the newest revision, as the owner role; a second process waits for the first."""
    await asyncio.to_thread(_upgrade, _sqlalchemy_url(owner_url))


def newest_revision() -> str:
    """The revision this version of the program wants, empty while there is none.

    It is read from the files: a service on an up-to-date schema never loads Alembic and SQLAlchemy (about a second
    of start and 30 MB of memory). A test holds it to what Alembic says.
    """
    texts = [path.read_text("utf-8") for path in (MIGRATIONS / "versions").glob("*.py")]
    revisions = {match.group(1) for text in texts if (match := _REVISION.search(text))}
    replaced = {match.group(1) for text in texts if (match := _REPLACES.search(text))}
    heads = revisions - replaced
    if len(heads) > 1:
        raise RuntimeError("the migrations have more than one head")
    return heads.pop() if heads else ""


_REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
_REPLACES = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


def _upgrade(url: str) -> None:
    from alembic import command  # noqa: PLC0415 - see newest_revision
    from alembic.config import Config  # noqa: PLC0415 - see newest_revision

    config = Config(attributes={"url": url})
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def _sqlalchemy_url(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+asyncpg")) if url else ""


STATEMENT_SECONDS = 4.0
"""How long a statement may take where nobody waits for it: a server that hangs is told from one that works."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for a connection, for a statement (None: as the pool was opened), and to give a connection back."""

    acquire: float
    statement: float | None
    release: float


_WORK = Patience(2.0, None, 2.0)
_REQUEST = Patience(2.0, 1.0, 0.1)
_PATIENCE: ContextVar[Patience] = ContextVar("patience", default=_WORK)


def hurry() -> None:
    """From here on, this task waits for the database no longer than somebody who asked should: for requests.

    With a server that hangs the first look-up raises after a second, and so the answer (503) leaves soon after; one
    that is merely busy, or a connection that must be made first, is waited for. What is known to take longer in a large
    dossier names its own time, and comes only after a look-up that did not hang.
    """
    _PATIENCE.set(_REQUEST)


class PatientConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection whose statements take as long as the task that asks has patience."""

    def execute(self, query: str, *args: Any, timeout: float | None = None) -> Any:
        """See asyncpg."""
        return super().execute(query, *args, timeout=_statement(timeout))

    def executemany(self, command: str, args: Any, *, timeout: float | None = None) -> Any:
        """See asyncpg."""
        return super().executemany(command, args, timeout=_statement(timeout))

    def fetch(self, query: str, *args: Any, timeout: float | None = None, record_class: Any = None) -> Any:
        """See asyncpg."""
        return super().fetch(query, *args, timeout=_statement(timeout), record_class=record_class)

    def fetchval(self, query: str, *args: Any, column: int = 0, timeout: float | None = None) -> Any:
        """See asyncpg."""
        return super().fetchval(query, *args, column=column, timeout=_statement(timeout))

    def fetchrow(self, query: str, *args: Any, timeout: float | None = None, record_class: Any = None) -> Any:
        """See asyncpg."""
        return super().fetchrow(query, *args, timeout=_statement(timeout), record_class=record_class)


def _statement(timeout: float | None) -> float | None:
    return _PATIENCE.get().statement if timeout is None else timeout


class PatientPool(asyncpg.Pool):  # type: ignore[misc]  # asyncpg has no types
    """A pool whose callers never wait without end: neither for a connection nor for giving one back."""

    def acquire(self, *, timeout: float | None = None) -> Any:
        """See asyncpg: TimeoutError when there is no connection in time."""
        return super().acquire(timeout=_PATIENCE.get().acquire if timeout is None else timeout)

    def release(self, connection: Any, *, timeout: float | None = None) -> Any:
        """See asyncpg: a connection that cannot be given back in time is ended."""
        return super().release(connection, timeout=_PATIENCE.get().release if timeout is None else timeout)


async def open_pool(
    url: str, *, smallest: int = 2, largest: int = 16, statement_seconds: float = STATEMENT_SECONDS
) -> asyncpg.Pool:
    """A pool for one role. Raises UnavailableError if the server does not answer.

    Giving a connection back sends nothing to the server: it saves a round trip, and it is safe because no code here
    leaves session state (SET, LISTEN, session advisory locks). An open transaction is still rolled back.
    """
    try:
        pool = await PatientPool(
            url,
            min_size=smallest,
            max_size=largest,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            connection_class=PatientConnection,
            record_class=asyncpg.Record,
            reset=_keep_session,
            statement_cache_size=512,
            timeout=5,
            command_timeout=statement_seconds,
            server_settings={"application_name": "eigendossier", "timezone": "UTC"},
        )
    except CONNECTION_ERRORS as error:
        raise UnavailableError("the database does not answer") from error
    return pool


async def _keep_session(_connection: object) -> None:
    """Do nothing: see open_pool."""


async def ping(pool: asyncpg.Pool, patience: float = 0.5) -> bool:
    """Whether the database answers within `patience` seconds."""
    try:
        async with asyncio.timeout(patience), pool.acquire(timeout=patience) as connection:
            return bool(await connection.fetchval("SELECT NOT pg_is_in_recovery()"))
    except CONNECTION_ERRORS:
        return False


_FACTS = """
SELECT current_setting('server_version_num')::int / 10000 AS version, current_user::text AS role,
       extract(epoch FROM clock_timestamp())::float8 AS clock,
       to_regclass('alembic_version') IS NOT NULL AS migrated,
       (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)
         OR EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
                    AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS may_rewrite
"""
_DURABILITY = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "server_encoding")


async def server_facts(url: str) -> ServerFacts:
    """Ask a server about itself, as the role of the URL. Raises UnavailableError if it does not answer."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            row = await connection.fetchrow(_FACTS)
            settings = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in _DURABILITY}
            revision = await _revision(connection) if row["migrated"] else ""
        finally:
            await connection.close()
    except CONNECTION_ERRORS as error:
        raise UnavailableError("the database does not answer") from error
    return ServerFacts(row["version"], row["role"], settings, row["clock"], revision, row["may_rewrite"])


async def _revision(connection: asyncpg.Connection) -> str:
    if not await connection.fetchval("SELECT has_table_privilege('alembic_version', 'SELECT')"):
        return ""
    return str(await connection.fetchval("SELECT version_num FROM alembic_version") or "")
