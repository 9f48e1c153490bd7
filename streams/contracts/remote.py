"""A schema registry that speaks Confluent's REST interface (Confluent, Apicurio's ccompat, Karapace, Redpanda): `SCHEMA_REGISTRY_URL`.

Our own ids (`EMBEDDED_IDS`) and GUIDs are answered from the `avro/` folder, everything else from the registry, once each: schemas
never change. An id that the registry does not know is remembered too; restart the workers after adding it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import httpx
from fastavro.schema import SchemaParseException
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from streams.contracts import outputs
from streams.contracts.registry import EMBEDDED_IDS, Registry, Schema, UnknownSchema, embedded, make_schema
from streams.errors import ConfigurationError, MilepostError

__all__ = ["RegistryUnreachable", "RemoteRegistry", "connect"]

_EMITTED: Final = "-value"
"""End of the subjects that belong to one topic: those of the emitted ones."""

_PIPELINE: Final = "milepost.pipeline."
"""Start of the names of the pipeline's own records, which always carry our ids."""

_REMEMBERED: Final = 4_096


def connect(url: str, prefix: str = "") -> Registry:
    """The registry of an installation: for the composition root, once, at start.

    Without a URL it is the embedded one. With one, our schemas are filed there, and what Milepost emits carries the ids that it gave
    them. `prefix` is that of the installation's topics. Raises `ConfigurationError`, `RegistryUnreachable`.
    """
    if not url:
        return embedded()
    registry = RemoteRegistry(url, prefix)
    outputs.use_ids(registry.register())
    return registry


class RegistryUnreachable(MilepostError):
    """The schema registry does not answer. Trying again may help; the record at hand must not be skipped."""

    exit_code = 3
    transient = True


class _TryAgain(Exception):
    """A refusal that may pass: 429 or 5xx."""


class RemoteRegistry:
    """Client of one registry. User and password may be part of the URL.

    Each request is tried again for `patience` seconds while the registry is away or overloaded; then `RegistryUnreachable` is raised.
    """

    def __init__(self, url: str, prefix: str = "", patience: float = 30.0) -> None:
        self._url: Final = _checked(url).copy_with(userinfo=b"")
        self._prefix = prefix
        self._patience = patience
        self._http: Final = httpx.Client(base_url=url, timeout=5.0)
        self._known = lru_cache(_REMEMBERED)(self._fetch)

    def by_id(self, schema_id: int) -> Schema:
        """Raises `UnknownSchema`, `RegistryUnreachable`."""
        return embedded().by_id(schema_id) if schema_id in EMBEDDED_IDS else self._found(f"/schemas/ids/{schema_id}", schema_id)

    def by_guid(self, guid: UUID) -> Schema:
        """Raises `UnknownSchema` (also where the registry knows no GUIDs), `RegistryUnreachable`."""
        try:
            return embedded().by_guid(guid)
        except UnknownSchema:
            return self._found(f"/schemas/guids/{guid}", 0)

    def register(self) -> dict[int, int]:
        """File our emitted and raw schemas, every version in order; returns the registry's ids by our own.

        Emitted subjects are set to FULL_TRANSITIVE. What is there already is only looked up, so that a user who may read will do
        then. Raises `ConfigurationError` where the registry refuses a schema, `RegistryUnreachable`.
        """
        return {schema.id: self._filed(schema) for schema in embedded().schemas() if not schema.name.startswith(_PIPELINE)}

    def _filed(self, schema: Schema) -> int:
        emitted = schema.subject.endswith(_EMITTED)
        subject = quote(self._prefix + schema.subject if emitted else schema.subject, safe="")
        body = {"schema": json.dumps(schema.definition, ensure_ascii=False), "schemaType": "AVRO"}
        answer = self._ask("POST", f"/subjects/{subject}", body)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            if emitted:
                self._accepted(self._ask("PUT", f"/config/{subject}", {"compatibility": "FULL_TRANSITIVE"}))
            answer = self._ask("POST", f"/subjects/{subject}/versions", body)
        schema_id: int = self._accepted(answer)["id"]
        return schema_id

    def close(self) -> None:
        self._http.close()

    def _found(self, path: str, schema_id: int) -> Schema:
        found = self._known(path, schema_id)
        if isinstance(found, UnknownSchema):
            raise found
        return found

    def _fetch(self, path: str, schema_id: int) -> Schema | UnknownSchema:
        answer = self._ask("GET", path)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return UnknownSchema(f"the registry at {self._url} has no {path.removeprefix('/')}")
        described = self._accepted(answer)
        if (kind := described.get("schemaType", "AVRO")) != "AVRO":
            return UnknownSchema(f"{path.removeprefix('/')} of the registry at {self._url} is {kind}; only AVRO is read")
        try:
            return make_schema(json.loads(described["schema"]), schema_id, named=self._referenced(described))
        except (SchemaParseException, ValueError) as error:
            return UnknownSchema(f"{path.removeprefix('/')} of the registry at {self._url} cannot be used: {error}")

    def _referenced(self, described: dict[str, Any]) -> dict[str, Any]:
        """Parsed schemas of other subjects that a schema builds upon, by full name."""
        named: dict[str, Any] = {}
        for reference in described.get("references") or ():
            path = f"/subjects/{quote(reference['subject'], safe='')}/versions/{reference['version']}"
            other = self._accepted(self._ask("GET", path))
            named |= self._referenced(other)
            make_schema(json.loads(other["schema"]), 0, named=named)
        return named

    def _accepted(self, answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json()
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise ConfigurationError(
            f"the schema registry at {self._url} answers {answer.status_code} to {asked}: {_message(answer)}; "
            "check SCHEMA_REGISTRY_URL, its user's rights, and who else writes that subject"
        )

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        patient = Retrying(
            retry=retry_if_exception_type((httpx.TransportError, _TryAgain)),
            stop=stop_after_delay(self._patience),
            wait=wait_random_exponential(multiplier=0.1, max=5.0),
            reraise=True,
        )
        try:
            return patient(self._ask_once, method, path, body)
        except (httpx.TransportError, _TryAgain) as error:
            raise RegistryUnreachable(
                f"no schema registry answers at {self._url} ({error}); check SCHEMA_REGISTRY_URL and that it runs"
            ) from error

    def _ask_once(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        answer = self._http.request(method, path, json=body)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error:
            raise _TryAgain(f"{answer.status_code}: {_message(answer)}")
        return answer


def _checked(url: str) -> httpx.URL:
    try:
        checked = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"SCHEMA_REGISTRY_URL cannot be used: {error}; write it like http://registry:8081") from None
    if checked.scheme not in ("http", "https") or not checked.host:
        raise ConfigurationError(f"SCHEMA_REGISTRY_URL {url!r} cannot be used: write it like http://registry:8081")
    return checked


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
