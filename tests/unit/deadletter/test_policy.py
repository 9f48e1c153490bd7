"""What `milepost dlq retry-policy` tells is what the settings say."""

from __future__ import annotations

from streams.deadletter.policy import policy
from streams.deadletter.reasons import CATALOGUE, Disposition
from streams.settings import Settings


def test_every_reason_is_named_once_and_none_is_transient() -> None:
    said = " ".join(rule.what for rule in policy(Settings()) if rule.name in set(Disposition))
    assert all(said.count(reason) == 1 for reason in CATALOGUE)
    assert not any(row.disposition is Disposition.TRANSIENT for row in CATALOGUE.values())


def test_every_setting_is_shown_with_its_value() -> None:
    settings = Settings(breaker_consecutive=7, breaker_share=0.25, retry_seconds=9, park_ttl_hours=5)
    shown = {rule.setting: rule.value for rule in policy(settings) if rule.setting}
    assert shown == {
        "MILEPOST_BREAKER_CONSECUTIVE": "7",
        "MILEPOST_BREAKER_SHARE": "0.25",
        "MILEPOST_BREAKER_WINDOW": "1000",
        "MILEPOST_RETRY_SECONDS": "9",
        "MILEPOST_PARK_TTL_HOURS": "5",
    }
