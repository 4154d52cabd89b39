"""Settings of one installation, from `CRM_*` environment variables.

Also the one place that reads the machine's clock: everything else is handed one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict


def utc_now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


class Settings(BaseSettings):
    """Where things are and who is calling; every field is an environment variable `CRM_<NAME>`.

    Attributes
    ----------
    data : folder of the company's file, socket, secrets and backups.
    url : database URL, or a web server's `https://` address for scripts elsewhere; empty means the DuckDB file in `data`.
    socket : Unix socket of the store; empty means `store.sock` in `data`.
    session : session token of a kernel, or personal access token of a script.
    documents : where the contents of documents are kept, a folder or a URL that fsspec knows; empty means beside the database.
    largest_document : bytes that a document may have.
    backup_nightly : whether the store makes a backup every night.
    backup_keep : how many backups are left when the store has made one; the oldest go first.
    register_url : the service of Enhetsregisteret; empty means that nothing is looked up there.
    register_daily : whether the store brings its copy of Enhetsregisteret, where there is one, up to date every day.
    register_look_every : seconds after which the store looks whether there is a newer copy.
    calls_secret : what messages about calls are signed with, 24 characters or more; empty means that none are taken.
    ami : Asterisk's manager interface, `ami://user:secret@host:5038/context`; empty means that none is listened to.
    calls_kept_days : days after which calls are to be removed; 0 means never.
    calls_unknown : whether calls of numbers that are on no card are logged.
    mail_server : where e-mail is handed in, such as smtp://user:password@mail.company.no:587; empty means that none is sent.
    mail_from : the sender of e-mails; empty means the company's address in the settings of invoicing.
    ehf_delivery : how the access point takes EHF: file:///srv/ehf/out, mailto:in@accesspoint.no or https://accesspoint.no/in.
    ehf_key : what the access point's address wants as Authorization.
    log : `json` for one JSON object a line, without personal data; empty for people at a terminal.
    metrics_token : what Prometheus sends as a bearer token to read /metrics; empty means from this machine only.
    traces : where OpenTelemetry's traces go (OTLP over HTTP), such as http://127.0.0.1:4318/v1/traces; empty means nowhere.
    api_per_minute : requests that one personal access token may make in a minute; 0 means any number.
    secret_key : what passwords of mail accounts are encrypted with, 24 characters or more; empty means a file beside the database.
    largest_mail : bytes of a message beyond which only its head is fetched.
    hub_secret : what a JupyterHub signs with that lets its users in as employees, 24 characters or more; empty means that none does.
    oidc_issuer : the company's identity provider (OpenID Connect), such as https://login.company.no/realms/staff; empty means none.
    oidc_client_id, oidc_client_secret : what this program is called there, and its password.
    oidc_name : what the provider is called on the login page; empty says "single sign-on".
    oidc_match : how who comes for the first time is found: email (verified there) or username.
    oidc_only : whether passwords let in administrators only.
    user : user name on whose behalf a local program acts; empty means the operating-system user.
    """

    model_config = SettingsConfigDict(env_prefix="CRM_", extra="ignore")

    data: Path = Path("var/company")
    url: str = ""
    socket: str = ""
    session: str = ""
    user: str = ""
    documents: str = ""
    largest_document: int = 2_000_000_000
    backup_nightly: bool = True
    backup_keep: int = 14
    mail_server: str = ""
    mail_from: str = ""
    ehf_delivery: str = ""
    ehf_key: str = ""
    secret_key: str = ""
    largest_mail: int = 40_000_000
    calls_secret: str = ""
    ami: str = ""
    calls_kept_days: int = 730
    calls_unknown: bool = True
    register_url: str = "https://data.brreg.no/enhetsregisteret/api"
    api_per_minute: int = 1200
    register_daily: bool = True
    register_look_every: float = 30.0
    hub_secret: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = ""
    oidc_match: Literal["email", "username"] = "email"
    oidc_only: bool = False
    log: str = ""
    metrics_token: str = ""
    traces: str = ""
    host: str = "127.0.0.1"
    port: int = 8866
    base_url: str = "/"

    @cached_property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the company's database."""
        return self.url or f"duckdb:///{self.data / 'crm.duckdb'}"

    @cached_property
    def socket_path(self) -> Path:
        """The Unix socket the store listens on."""
        return Path(self.socket) if self.socket else self.data / "store.sock"
