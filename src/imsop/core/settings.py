"""All settings, from the environment: one variable `IMSOP_<NAME>` per field."""

import ipaddress
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

OTHER_VARIABLES = {
    "IMSOP_REAL_DATA": "where `make up` and the tests find the public data sets",
    "IMSOP_CHROMIUM": "the browser of the tests, where it is installed elsewhere",
    "IMSOP_WRITE_GOLDEN": "has the tests write their golden files anew",
    "IMSOP_SERVING_PARENT": "tells a process among several who started it",
    "IMSOP_SERVING_DEMO": "tells it the demo's accounts, where there are any",
}
"""Variables other than the settings."""
_UNPROTECTED_TLS_MODES = {"disable", "allow", "prefer"}


class MailServer(NamedTuple):
    """The SMTP server and the sender address."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: Literal["none", "starttls", "implicit"]
    sender: str


class Settings(BaseSettings):
    """Immutable: a process keeps the settings it was started with."""

    model_config = SettingsConfigDict(
        env_prefix="IMSOP_",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # an input may contain a password
    )

    data_dir: Path = Path(".imsop")
    """The embedded database, passwords and logs. Under the working directory, so that a checkout is
    self-contained: two of them never share data, and deleting one leaves nothing behind."""

    database_url: SecretStr | None = None
    """An existing PostgreSQL 18 server, as a role that may create roles; without it the embedded one runs."""

    postgres_bin_dir: Path | None = None
    """PostgreSQL 18 programs to run instead of the packaged ones."""

    host: str = "127.0.0.1"
    """Address to listen on."""

    port: int = Field(8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    workers: int = Field(1, ge=1, le=64)
    """Processes that answer requests."""

    pool_min: int = Field(2, ge=0, le=200)
    """Database connections each process keeps open."""

    pool_max: int = Field(16, ge=1, le=200)
    """Database connections each process opens at most."""

    jobs: bool = True
    """Whether this process runs background jobs; without it they wait for `imsop worker`."""

    sign_up: bool = True
    """Whether anybody who reaches the server may sign up an organization."""

    bcrypt_cost: int = Field(12, ge=4, le=16)
    """Work per password check, as a power of two; 12 takes about 0.3 s."""

    access_token_minutes: int = Field(60, ge=1, le=1440)
    """How long a bearer token is valid."""

    session_hours: int = Field(12, ge=1, le=720)
    """How long a browser stays signed in."""

    sign_in_attempts_per_account: int = Field(10, ge=1)
    """Failed sign-ins per account within 15 minutes before the next is refused."""

    sign_in_attempts_per_address: int = Field(100, ge=1)
    """Failed sign-ins per network address within 15 minutes before the next is refused."""

    stream_seconds: int = Field(3600, ge=0, le=86_400)
    """How long a live stream stays open before its listener has to reconnect; it resumes where it was."""

    max_body_bytes: int = Field(2 * 1024 * 1024, ge=1024)
    """Largest request body accepted."""

    metrics_token: SecretStr | None = None
    """What Prometheus sends as `Authorization: Bearer …`; without it /metrics answers this machine only."""

    public_url: str | None = None
    """Where people reach the pages, as `https://imsop.example.com`; links in mails begin with it."""

    mail_from: str | None = Field(None, pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    """Address that mails come from; it is needed with `IMSOP_SMTP_URL`."""

    smtp_url: SecretStr | None = None
    """Mail server, as `smtp://user:password@host:587` or `smtps://…:465`; without it nothing is sent."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lowest severity that is logged."""

    log_json: bool | None = None
    """Log one JSON object per line instead of text; unless set, wherever no terminal shows the log."""

    def mail_server(self) -> MailServer | None:
        """The SMTP server from `smtp_url`; None if mail is not configured.

        Only a server on this machine is used without TLS.
        """
        if self.smtp_url is None or self.mail_from is None:
            return None
        parts = urlsplit(self.smtp_url.get_secret_value())
        implicit = parts.scheme == "smtps"
        host = parts.hostname or ""
        return MailServer(
            host,
            parts.port or (465 if implicit else 587),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            "implicit" if implicit else "none" if is_local(host) else "starttls",
            self.mail_from,
        )

    @field_validator("smtp_url")
    @classmethod
    def _complete(cls, url: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if url is not None:
            form = (
                "must have the form smtp://user:password@host:587 or smtps://…; percent-encode the password"
            )
            try:
                parts = urlsplit(url.get_secret_value())
                whole = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
            except ValueError:
                raise ValueError(form) from None  # its message contains a part of the password
            if not whole or parts.path.strip("/") or parts.query or parts.fragment:
                raise ValueError(form)
            if others.data.get("mail_from") is None:
                raise ValueError("needs IMSOP_MAIL_FROM, the address that mails come from")
        return url

    @field_validator("public_url")
    @classmethod
    def _linkable(cls, url: str | None) -> str | None:
        """Without a final slash. Only links to this machine may be unencrypted: they contain secrets."""
        if url is None:
            return None
        form = "must have the form https://imsop.example.com"
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise ValueError(form) from None
        is_protected = parts.scheme == "https" or (parts.scheme == "http" and is_local(host))
        if (
            not is_protected
            or not host
            or parts.username
            or parts.query
            or parts.fragment
            or url.split() != [url]
        ):
            raise ValueError(form)
        return url.rstrip("/")

    @field_validator("data_dir", "postgres_bin_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path and path.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _protected(cls, url: SecretStr | None) -> SecretStr | None:
        return url and SecretStr(protected_url(url.get_secret_value()))


def require_known_variables(environment: Iterable[str]) -> None:
    """Raises ValueError for unknown IMSOP_ variables, with the names that were probably meant."""
    known = {f"IMSOP_{name}".upper() for name in Settings.model_fields} | OTHER_VARIABLES.keys()
    unknown = sorted(
        name for name in environment if name.upper().startswith("IMSOP_") and name.upper() not in known
    )
    if unknown:
        meant = {name: get_close_matches(name.upper(), known, n=1) for name in unknown}
        raise ValueError(
            "; ".join(
                f"{name}: unknown setting" + (f", did you mean {near[0]}?" if near else "")
                for name, near in meant.items()
            )
        )


def protected_url(url: str) -> str:
    """The URL with `sslmode=verify-full` added if the server is remote and no mode is given.

    Raises ValueError if the URL is invalid, or if its `sslmode` would allow clear text to a remote server.
    The error never repeats the URL, which contains a password.
    """
    from psycopg import ProgrammingError  # noqa: PLC0415 - costs 60 ms, and only this case needs it
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("must have the form postgresql://user:password@host:5432/database")
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        raise ValueError("is not a valid PostgreSQL URL; percent-encode special characters") from None
    if not parts.get("host") or not parts.get("dbname") or "hostaddr" in parts:
        raise ValueError("must name a host (not a hostaddr) and a database")
    if {"user", "password", "dbname"} & parse_qs(urlsplit(url).query).keys():
        raise ValueError("must name user, password and database before the question mark")
    if all(is_local(host) for host in str(parts["host"]).split(",")):
        return url
    mode = parts.get("sslmode")
    if mode in _UNPROTECTED_TLS_MODES:
        raise ValueError(f"sslmode={mode} could send data in clear text to a remote server; use verify-full")
    if mode:
        return url
    return f"{url}{'&' if '?' in url else '?'}sslmode=verify-full"


def is_local(host: str) -> bool:
    """True if the host is literally local: a socket path, localhost or a loopback address.

    Never resolves names.
    """
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
