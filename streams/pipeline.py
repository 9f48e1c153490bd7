"""The three hops, put together from an installation's settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from streams.contracts.registry import Registry, embedded
from streams.domain.watch.patience import Patience
from streams.errors import ConfigurationError
from streams.hop import Hop
from streams.hops import normalize, resolve, shipment
from streams.normalize.agreements import AgreementError, Agreements, agreements
from streams.normalize.codes import CodeMapError, PartnerMaps, partner_maps
from streams.settings import Settings
from streams.tally import Tally

__all__ = ["hops"]


def hops(settings: Settings, tally: Callable[[str], Tally] = lambda hop: Tally()) -> tuple[Hop, Hop, Hop]:
    """normalize, resolve and shipment, in the order in which a record passes them. The engine, `simulate` and `verify` run the same.

    `tally`: what each hop, by its name, counts into. Reads the partners' tables and connects to the schema registry, where the settings
    name them.
    Raises `ConfigurationError`, `RegistryUnreachable`.
    """
    registry = _registry(settings)
    return (
        normalize.hop(settings.max_record_bytes, registry, *_partners(settings.partners_dir), tally("normalize")),
        resolve.hop(timedelta(hours=settings.park_ttl_hours), tally("resolve")),
        shipment.hop(_patience(settings)),
    )


def _registry(settings: Settings) -> Registry:
    url = settings.schema_registry_url.get_secret_value()
    if not url:
        return embedded()
    from streams.contracts.remote import connect  # its HTTP client takes a tenth of a short command's time to import

    return connect(url, settings.prefix)


def _patience(settings: Settings) -> Patience:
    return Patience(
        pick=timedelta(hours=settings.pick_hours),
        dispatch=timedelta(hours=settings.dispatch_hours),
        delivery=timedelta(hours=settings.delivery_hours),
        proof=timedelta(hours=settings.proof_hours),
        posting=timedelta(hours=settings.posting_hours),
        answer=timedelta(hours=settings.answer_hours),
        archive=timedelta(days=settings.archive_days),
        removal=timedelta(days=settings.removal_days),
    )


def _partners(folder: Path | None) -> tuple[PartnerMaps, Agreements]:
    try:
        return partner_maps(folder), agreements(folder)
    except (CodeMapError, AgreementError) as error:
        raise ConfigurationError(f"{error}; correct the rows, or take the file out of MILEPOST_PARTNERS_DIR") from error
