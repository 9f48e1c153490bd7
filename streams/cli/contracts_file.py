"""Billing terms in a YAML or JSON file: one contract, or a list of them, as records of `billing.terms` have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streams.deadletter import headers as dead_letter_headers
from streams.errors import ConfigurationError
from streams.hop import Output
from streams.jsonlines import dump
from streams.offline import OfflinePipeline
from streams.topics import TERMS, dead_letter_topic

__all__ = ["contracts_in", "fed", "record_of"]


def contracts_in(path: Path) -> list[dict[str, Any]]:
    """The contracts of a file. Raises `ConfigurationError` where it is no such file; what is wrong inside a contract, `fed` says."""
    import yaml

    try:
        found = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}): name a file of billing terms") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is neither YAML nor JSON ({' '.join(str(error).split())}): correct it") from error
    contracts = found if isinstance(found, list) else [found]
    if not all(isinstance(contract, dict) and "terms_id" in contract for contract in contracts):
        raise ConfigurationError(f"{path}: each contract needs terms_id and versions, as described in docs/billing.md")
    return contracts


def record_of(contract: dict[str, Any], timestamp: int) -> Output:
    """The record of `billing.terms` that a contract is."""
    return Output(TERMS, str(contract["terms_id"]).encode(), dump(contract).strip(), timestamp=timestamp)


def fed(pipeline: OfflinePipeline, contract: dict[str, Any], timestamp: int) -> list[Output]:
    """What the pipeline says of a contract. Raises `ConfigurationError` where it refuses it."""
    outputs = pipeline.feed(record_of(contract, timestamp))
    for output in outputs:
        if output.topic == dead_letter_topic(TERMS):
            why = dead_letter_headers.read(output.headers)[dead_letter_headers.MESSAGE]
            raise ConfigurationError(f"terms {contract['terms_id']}: {why}; correct the file")
    return outputs
