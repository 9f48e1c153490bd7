"""Faust and librdkafka get the same security settings, each in its own form."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from faust import SASLCredentials, SSLCredentials

from streams.engine.app import build_app
from streams.engine.identity import Identity
from streams.settings import Settings


def credentials(folder: Path, **changes: str) -> object:
    settings = Settings(data=folder, **changes)  # type: ignore[arg-type]
    return build_app(settings, [], Identity(settings), {}).conf.broker_credentials


async def test_plaintext_needs_none(tmp_path: Path) -> None:
    assert credentials(tmp_path) is None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_sasl(tmp_path: Path, mechanism: str) -> None:
    made = credentials(
        tmp_path, security_protocol="SASL_PLAINTEXT", sasl_mechanism=mechanism, sasl_username="milepost", sasl_password="a secret"
    )
    assert isinstance(made, SASLCredentials)
    assert (made.protocol.value, made.mechanism.value, made.username, made.password) == (
        "SASL_PLAINTEXT",
        mechanism,
        "milepost",
        "a secret",
    )
    assert "a secret" not in repr(made)


async def test_sasl_over_tls_checks_the_brokers_name(tmp_path: Path) -> None:
    made = credentials(tmp_path, security_protocol="SASL_SSL", sasl_username="milepost", sasl_password="a secret")
    assert isinstance(made, SASLCredentials) and made.ssl_context is not None
    assert made.protocol.value == "SASL_SSL"
    assert made.ssl_context.verify_mode is ssl.CERT_REQUIRED and made.ssl_context.check_hostname


async def test_tls_alone(tmp_path: Path) -> None:
    made = credentials(tmp_path, security_protocol="SSL")
    assert isinstance(made, SSLCredentials)
    assert made.protocol.value == "SSL"
