"""The three hops, put together from an installation's settings."""

from __future__ import annotations

from datetime import timedelta

from streams.contracts.remote import connect
from streams.hop import Hop
from streams.hops import normalize, resolve, shipment
from streams.settings import Settings

__all__ = ["hops"]


def hops(settings: Settings) -> tuple[Hop, Hop, Hop]:
    """normalize, resolve and shipment, in the order in which a record passes them. The engine, `simulate` and `verify` run the same.

    Connects to the schema registry, where the settings name one. Raises `ConfigurationError`, `RegistryUnreachable`.
    """
    registry = connect(settings.schema_registry_url.get_secret_value(), settings.prefix)
    return (
        normalize.hop(settings.max_record_bytes, registry),
        resolve.hop(timedelta(hours=settings.park_ttl_hours)),
        shipment.hop(),
    )
