"""Settings of an installation, read from the environment (`MILEPOST_…`) and checked once at start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["READS_MUCH", "Settings"]

READS_MUCH: Final[Mapping[str, Any]] = {"enable.auto.commit": False, "fetch.queue.backoff.ms": 10}
"""What a confluent-kafka consumer needs that reads much and commits nothing by itself: librdkafka pauses a fetch for a second whenever
its queue is full, and most of a long reading is then that pause."""


class Settings(BaseSettings):
    """How this installation reaches its broker and names its things.

    Raises pydantic's `ValidationError` when a value cannot be used; the command line turns that into one line and exit 2.
    """

    model_config = SettingsConfigDict(env_prefix="MILEPOST_", extra="ignore", frozen=True)

    bootstrap: str = Field("127.0.0.1:19092", validation_alias=AliasChoices("KAFKA_BOOTSTRAP", "MILEPOST_BOOTSTRAP", "bootstrap"))
    """Kafka bootstrap servers, comma separated `host:port`."""

    prefix: str = Field("", pattern=r"^[a-zA-Z0-9._-]*$")
    """Put before every topic name and the app id, so that installations can share a cluster."""

    name: str = Field("milepost", pattern=r"^[a-zA-Z0-9._-]+$")
    """Consumer group and transactional ids start with prefix + name."""

    worker: str = Field("0", pattern=r"^[a-zA-Z0-9._-]+$")
    """This worker's own stable id (the pod's name on Kubernetes): static group membership and transactional ids use it."""

    data: Path = Path(".milepost/data")
    """Folder of the local stores; each worker uses `<data>/<app id>/<worker>`."""

    partitions: int = Field(4, ge=1, le=1024)
    replication: int = Field(1, ge=1, le=9)
    min_insync: int = Field(1, ge=1, le=9)

    session_timeout_ms: int = Field(10_000, ge=6_000, le=300_000)
    """A worker that is silent for this long loses its partitions."""

    transaction_timeout_ms: int = Field(8_000, ge=1_000, le=300_000)
    """Must stay below the session timeout, so that a zombie's transaction ends before its partitions move."""

    batch_records: int = Field(4_000, ge=1, le=100_000)
    """At most this many records of a hop wait or share a transaction; beyond it the hop stops reading (backpressure)."""

    commit_interval_ms: int = Field(40, ge=0, le=10_000)
    """How often a hop begins a transaction at most. One costs about the same whatever its size, so a longer interval saves CPU here and on
    the broker, and adds about half of itself to the latency of each of the three hops. A hop that was idle does not wait."""

    sweep_interval_ms: int = Field(1_000, ge=10)
    """How often the due index is looked at."""

    cached_rows: int = Field(1_500, ge=0)
    """Decoded rows kept in memory a hop and partition; one takes about ten times its stored size."""

    max_record_bytes: int = Field(1_000_000, ge=1_000)
    """Raw records with a larger value become dead letters (OVERSIZED)."""

    breaker_consecutive: int = Field(500, ge=0)
    """A worker stops when so many records in a row are refused, of one partition or of a whole source topic; 0: never."""

    breaker_share: float = Field(0.5, ge=0, le=1)
    """A worker stops when more than this share of the latest records of a source partition are refused; 0: never."""

    breaker_window: int = Field(1_000, ge=1)
    """So many records are the latest, for `breaker_share`."""

    retry_seconds: int = Field(300, ge=0)
    """How long a batch is tried again in place while something that it needs is away (the schema registry); then the worker restarts."""

    park_ttl_hours: int = Field(24 * 14, ge=1)
    """How long an event waits for its reference to be linked before it becomes a dead letter (REF_UNRESOLVED)."""

    pick_hours: int = Field(48, ge=1)
    """From an order's release until something must have been picked; then PICK_OVERDUE."""

    dispatch_hours: int = Field(96, ge=1)
    """From an order's release until something must have left; then DISPATCH_OVERDUE."""

    delivery_hours: int = Field(24 * 14, ge=1)
    """From the goods issue until the delivery, where nobody promised a time; then DELIVERY_OVERDUE."""

    proof_hours: int = Field(24 * 7, ge=1)
    """From the delivery until its proof, where terms invoice on it; then PROOF_OVERDUE."""

    posting_hours: int = Field(24, ge=1)
    """From a release until its invoice must be posted, where the terms set no `posting_days`; then POSTING_OVERDUE and R3."""

    answer_hours: int = Field(12, ge=1)
    """From a task until its acknowledgement; then TASK_UNANSWERED."""

    archive_days: int = Field(90, ge=1)
    """From the last event of a closed order until its row is archived."""

    removal_days: int = Field(730, ge=1)
    """From then until the archived row is removed from the stores; `shipment.archive` keeps it."""

    partners_dir: Path | None = None
    """Folder with rows of code maps that hold for one partner's records: `<partner id>/<format>.csv`."""

    edi_partners: Path | None = None
    """YAML file of what was agreed with whom sends us EDI (docs/edi.md)."""

    edi_take_test: bool = False
    """Whether EDI interchanges that are marked as test data (ISA15, UNB 0035) reach the raw topics."""

    edi_ack_hours: int = Field(24, ge=1)
    """How long after we sent an EDI file its acknowledgement may take."""

    metrics_port: int = Field(9464, ge=0, le=65_535)
    """Port of /metrics, /live and /ready; 0 turns them off."""

    metrics_host: str = "127.0.0.1"

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    ssl_ca: Path | None = None
    ssl_certificate: Path | None = None
    ssl_key: Path | None = None

    schema_registry_url: SecretStr = Field(
        SecretStr(""), validation_alias=AliasChoices("SCHEMA_REGISTRY_URL", "MILEPOST_SCHEMA_REGISTRY_URL", "schema_registry_url")
    )
    """Empty: the embedded registry (the `avro/` folder). User and password may be part of the URL."""

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.transaction_timeout_ms >= self.session_timeout_ms:
            raise ValueError("MILEPOST_TRANSACTION_TIMEOUT_MS must be below MILEPOST_SESSION_TIMEOUT_MS")
        if self.min_insync > self.replication:
            raise ValueError("MILEPOST_MIN_INSYNC must not exceed MILEPOST_REPLICATION")
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password.get_secret_value()):
            raise ValueError("MILEPOST_SECURITY_PROTOCOL asks for SASL: set MILEPOST_SASL_USERNAME and MILEPOST_SASL_PASSWORD")
        return self

    @property
    def app_id(self) -> str:
        """Faust app id and consumer group."""
        return self.prefix + self.name

    def topic(self, name: str) -> str:
        """Physical name of a logical topic."""
        return self.prefix + name

    def logical(self, topic: str) -> str:
        """Logical name of a physical topic."""
        return topic.removeprefix(self.prefix)

    def librdkafka(self, **more: Any) -> dict[str, Any]:
        """Client settings for confluent-kafka, security included; `more` is added on top (dots written as in librdkafka)."""
        conf: dict[str, Any] = {"bootstrap.servers": self.bootstrap, "security.protocol": self.security_protocol}
        if self.security_protocol.startswith("SASL"):
            conf |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password.get_secret_value(),
            }
        for name, path in (
            ("ssl.ca.location", self.ssl_ca),
            ("ssl.certificate.location", self.ssl_certificate),
            ("ssl.key.location", self.ssl_key),
        ):
            if path is not None:
                conf[name] = str(path)
        return conf | more
