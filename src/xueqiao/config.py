"""Settings a deployer may change: read once from the environment, each with its meaning.

``docs/reference/settings.md`` is generated from this table.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


class Misconfigured(ValueError):  # noqa: N818 - an answer to who configures, as a refusal is
    """A setting that cannot be used; the text says which and what to write."""


def _env(name: str, default: str, meaning: str) -> Any:
    return field(
        default_factory=lambda: os.environ.get(name, default),
        metadata={"env": name, "default": default, "meaning": meaning},
    )


@dataclass(frozen=True)
class Config:
    """One value a row: environment variable, default, meaning."""

    home: str = _env(
        "XUEQIAO_HOME", "var", "Folder of everything that is written: database, lake, keys, files"
    )
    database_url: str = _env(
        "XUEQIAO_DATABASE_URL",
        "",
        "postgresql://user:password@host:port/name; empty means SQLite in the home folder",
    )
    secret_key: str = _env(
        "XUEQIAO_SECRET_KEY",
        "",
        "Key of sessions and forms; empty means one is made and kept in the home folder",
    )
    identity_key: str = _env(
        "XUEQIAO_IDENTITY_KEY",
        "",
        "Key of the hashes that stand for identity numbers; empty means one is made and "
        "kept in the home folder",
    )
    allowed_hosts: str = _env(
        "XUEQIAO_ALLOWED_HOSTS",
        "127.0.0.1,localhost,[::1]",
        "Host names that are served, separated by commas",
    )
    public_url: str = _env(
        "XUEQIAO_PUBLIC_URL",
        "http://127.0.0.1:8000",
        "Address under which people reach the site; issuer identifiers and QR codes start with it",
    )
    demo: str = _env(
        "XUEQIAO_DEMO",
        "",
        "1 shows the named demo people on the sign-in page, 0 never does; empty: where the demo "
        "made the home folder",
    )
    drops: str = _env(
        "XUEQIAO_DROPS",
        "",
        "Folder below which drop folders lie; empty means drops in the home folder",
    )
    help_phone: str = _env(
        "XUEQIAO_HELP_PHONE",
        "12345",
        "Telephone number of help, shown on every page; 12345 is the public service line",
    )
    outbound_allow: str = _env(
        "XUEQIAO_OUTBOUND_ALLOW",
        "",
        "Hosts (or host:port), separated by commas, that may be called by plain http and at "
        "addresses inside the network; all others are called by https at public addresses only",
    )
    oidc_issuer: str = _env(
        "XUEQIAO_OIDC_ISSUER",
        "",
        "Issuer of the OpenID Connect provider whose bearer tokens open the xAPI endpoint; empty: "
        "keys only",
    )
    oidc_audience: str = _env(
        "XUEQIAO_OIDC_AUDIENCE",
        "",
        "Audience that a bearer token has to be for; needed with an issuer",
    )
    oidc_jwks: str = _env(
        "XUEQIAO_OIDC_JWKS",
        "",
        "Address or file of the provider's keys (JWKS); empty: where the provider's discovery "
        "document says",
    )
    oidc_source_claim: str = _env(
        "XUEQIAO_OIDC_SOURCE_CLAIM",
        "client_id",
        "Claim of a token that names the source by its code; dots lead into objects",
    )
    oidc_scope_claim: str = _env(
        "XUEQIAO_OIDC_SCOPE_CLAIM",
        "scope",
        "Claim of a token that names its scopes: words in a text, or a list",
    )
    oidc_scopes: str = _env(
        "XUEQIAO_OIDC_SCOPES",
        "",
        "What the provider's words mean here, as word=scope, separated by commas; a word that is a "
        "scope means itself",
    )
    oidc_leeway_seconds: str = _env(
        "XUEQIAO_OIDC_LEEWAY_SECONDS", "60", "How far the provider's clock may be off"
    )
    xapi_strict_versions: str = _env(
        "XUEQIAO_XAPI_STRICT_VERSIONS",
        "1",
        "1 keeps what came with xAPI 2.0.0 out of answers to readers of 1.0.3; 0 shows it to all",
    )
    xapi_hours_ahead: str = _env(
        "XUEQIAO_XAPI_HOURS_AHEAD",
        "24",
        "How many hours a statement's timestamp may lie ahead of the clock here",
    )
    sm2_seal: str = _env(
        "XUEQIAO_SM2_SEAL",
        "0",
        "1 puts an SM2 signature beside the Ed25519 one under the ledger's roots; needs the extra "
        "sm2",
    )
    debug: str = _env(
        "XUEQIAO_DEBUG", "0", "1 shows error pages for developers; never in production"
    )
    intake: str = _env(
        "XUEQIAO_INTAKE",
        "journal",
        "journal: statements sent to the endpoint are answered when they are on the disk, and "
        "stored a moment later; direct: answered when they are stored",
    )
    journal_mib: str = _env(
        "XUEQIAO_JOURNAL_MIB",
        "2048",
        "MiB that may wait in the journal of one process; beyond it senders are asked to come "
        "again later",
    )
    xapi_version: str = _env(
        "XUEQIAO_XAPI_VERSION",
        "1.0.3",
        "Version of xAPI that /xapi/ answers in where a request names none: 1.0.3 or 2.0.0; "
        "/xapi/1.0/ and /xapi/2.0/ have their own",
    )
    xapi_version_needed: str = _env(
        "XUEQIAO_XAPI_VERSION_NEEDED",
        "1",
        "1 refuses a request to xAPI without X-Experience-API-Version, as the standard asks; "
        "0 takes it as one of the path's version",
    )
    xapi_origins: str = _env(
        "XUEQIAO_XAPI_ORIGINS",
        "*",
        "Origins whose pages may ask xAPI from a browser, separated by commas; * for all",
    )
    lake_engine: str = _env(
        "XUEQIAO_LAKE_ENGINE",
        "duckdb",
        "Engine of the lake: duckdb, sail (Spark's SQL inside one process) or spark (a cluster)",
    )
    lake_spark: str = _env(
        "XUEQIAO_LAKE_SPARK",
        "sc://127.0.0.1:15002",
        "Address of the Spark Connect server, for the lake engine spark",
    )
    lake_memory: str = _env("XUEQIAO_LAKE_MEMORY", "1GB", "Memory that the lake engine may use")
    lake_url: str = _env(
        "XUEQIAO_LAKE_URL",
        "",
        "Where the tables of the lake lie: s3://bucket/folder; empty means lake in the home folder",
    )
    lake_s3_endpoint: str = _env(
        "XUEQIAO_LAKE_S3_ENDPOINT",
        "",
        "Address of the object storage, such as https://objects.example.cn; empty: Amazon's",
    )
    lake_s3_key: str = _env("XUEQIAO_LAKE_S3_KEY", "", "Key by which the lake reaches its bucket")
    lake_s3_secret: str = _env("XUEQIAO_LAKE_S3_SECRET", "", "Secret that belongs to that key")
    lake_s3_region: str = _env(
        "XUEQIAO_LAKE_S3_REGION", "", "Region of the bucket; empty: us-east-1"
    )
    workbench_megabytes: str = _env(
        "XUEQIAO_WORKBENCH_MEGABYTES", "1000", "Memory that one query of the workbench may use"
    )
    workbench_seconds: str = _env(
        "XUEQIAO_WORKBENCH_SECONDS", "60", "Time that one query of the workbench may take"
    )

    @property
    def home_path(self) -> Path:
        return Path(self.home).expanduser().resolve()

    def oidc_leeway(self) -> int:
        """How far the provider's clock may be off, in seconds.

        Raises:
            Misconfigured: not a whole number.
        """
        if not self.oidc_leeway_seconds.isdecimal():
            raise Misconfigured("XUEQIAO_OIDC_LEEWAY_SECONDS is a whole number of seconds from 0.")
        return int(self.oidc_leeway_seconds)

    def scope_words(self) -> dict[str, str]:
        """The provider's words and what they mean here.

        Raises:
            Misconfigured: an entry is not word=scope.
        """
        pairs = [each.partition("=") for each in self.oidc_scopes.split(",") if each.strip()]
        if not all(word.strip() and scope.strip() for word, _equals, scope in pairs):
            raise Misconfigured(
                "XUEQIAO_OIDC_SCOPES is a list of word=scope, separated by commas, such as "
                "lrs.write=statements/write."
            )
        return {word.strip(): scope.strip() for word, _equals, scope in pairs}

    def oidc_audience_or_refuse(self) -> str:
        """The audience of bearer tokens.

        Raises:
            Misconfigured: there is an issuer and no audience: a token for another service of the
                same provider would open this one.
        """
        if self.oidc_issuer and not self.oidc_audience:
            raise Misconfigured(
                "XUEQIAO_OIDC_ISSUER needs XUEQIAO_OIDC_AUDIENCE: the name by which the provider "
                "knows this platform."
            )
        return self.oidc_audience

    def whole(self, name: str) -> int:
        """A setting that is a whole number above nought, by its name here.

        Raises:
            Misconfigured: it is something else.
        """
        text: str = getattr(self, name)
        if not text.isdecimal() or int(text) < 1:
            raise Misconfigured(f"XUEQIAO_{name.upper()} is a whole number, 1 or more; not {text}.")
        return int(text)

    @property
    def is_demo(self) -> bool:
        """Whether anybody may sign in as one of the demo people."""
        return self.demo == "1" or (not self.demo and (self.home_path / "demo.json").exists())

    @property
    def intake_mode(self) -> str:
        """How the endpoint takes statements in: journal or direct.

        Raises:
            Misconfigured: it is neither.
        """
        if self.intake not in {"journal", "direct"}:
            raise Misconfigured(f"XUEQIAO_INTAKE is {self.intake!r}; write journal or direct.")
        return self.intake

    @property
    def journal_bytes(self) -> int:
        """Bytes that may wait in the journal of one process.

        Raises:
            Misconfigured: it is not a whole number of MiB.
        """
        if not self.journal_mib.isdecimal() or not int(self.journal_mib):
            raise Misconfigured(
                f"XUEQIAO_JOURNAL_MIB is {self.journal_mib!r}; write a whole number such as 1024."
            )
        return int(self.journal_mib) << 20

    def kept_secret(self, name: str, given: str) -> str:
        """The given secret, or one made at first use and kept in the home folder, mode 600.

        Raises:
            Misconfigured: the home folder cannot be read or written.
        """
        if given:
            return given
        try:
            return self._secret(self.home_path / "keys" / name)
        except OSError as why:
            raise Misconfigured(
                f"The home folder {self.home_path} cannot be used: {why.strerror}. Set "
                "XUEQIAO_HOME to a folder that you may write to, on a disk with free space."
            ) from why

    @staticmethod
    def _secret(path: Path) -> str:
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            scratch = path.with_name(f"{path.name}.{os.getpid()}")
            scratch.write_text(secrets.token_urlsafe(48))
            scratch.chmod(0o600)
            try:
                # A link fails when another process was first; its secret is the one that counts.
                os.link(scratch, path)
            except FileExistsError:
                pass
            finally:
                scratch.unlink()
            return path.read_text().strip()

    def database(self) -> dict[str, Any]:
        """Django's description of the database.

        Raises:
            Misconfigured: the address is neither empty nor one of PostgreSQL.
        """
        if not self.database_url:
            return {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(self.home_path / "xueqiao.sqlite3"),
                # Opening one costs a request more than most requests do.
                "CONN_MAX_AGE": 60,
                "OPTIONS": {
                    # A deferred BEGIN loses requests to "database is locked" on read-then-write.
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 30,
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                    "PRAGMA cache_size=-64000; PRAGMA mmap_size=268435456; "
                    "PRAGMA journal_size_limit=67108864",
                },
            }
        parts = urlsplit(self.database_url)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise Misconfigured(
                f"XUEQIAO_DATABASE_URL starts with {parts.scheme!r}; write "
                "postgresql://user:password@host:port/name, or leave it empty for SQLite."
            )
        query = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.pop("host", parts.hostname or ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            # Compiling a plan costs 0.4 s where it pays, and every page here takes less.
            "OPTIONS": {"options": "-c jit=off", **query},
        }


def described() -> list[dict[str, str]]:
    """Every setting as a row: env, default, meaning."""
    return [dict(item.metadata) for item in fields(Config)]
