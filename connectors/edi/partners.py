"""Who sends us EDI, and what was agreed with them: read once from a YAML file (`MILEPOST_EDI_PARTNERS`).

```yaml
- id: northwind              # header `partner` of their records: chooses their rows of code maps
  sender: "02:NORTHWIND"     # qualifier and id as in ISA05 and ISA06, or UNB S002 (id and qualifier, written as `qualifier:id`)
  receiver: "ZZ:MILLCO"      # optional: only what is addressed so
  company: "1000"            # whose orders their order numbers are
  system: WMS-NORTH          # optional: their system's name; default: id in upper case
  zone: America/Chicago      # optional: the clock of times without a zone
  currency: USD              # optional: for amounts that state none
  stops: load                # optional: a stop number (L11 QN) in a 214 says nothing apart; the load has one consignee
  acknowledge: "997"         # optional: 997, 999, contrl, none (default); TA1 and CONTRL also go where they are asked for
  answers: none              # optional: they acknowledge nothing that we send; default: functional
```
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from streams.errors import ConfigurationError

__all__ = ["NOBODY", "Partner", "Partners", "read_partners"]


def _zone(name: object) -> object:
    if isinstance(name, str):
        try:
            ZoneInfo(name)
        except (OSError, KeyError, ValueError):
            raise ValueError("no time zone such as America/Chicago") from None
    return name


_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=r"^[^\x00-\x1f\x7f:/]*$")]
_Party = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f:]{0,4}:[^\x00-\x1f\x7f]{1,40}$")]


class Partner(BaseModel):
    """One agreement. All but `id` and `sender` is optional."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    id: _Name
    sender: _Party
    receiver: _Party | None = None
    company: _Name | None = None
    system: _Name | None = None
    zone: Annotated[str, BeforeValidator(_zone)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    stops: Literal["load"] | None = None
    acknowledge: Literal["997", "999", "contrl", "none"] = "none"
    answers: Literal["functional", "none"] = "functional"

    @property
    def terms(self) -> dict[str, str]:
        """What a raw record carries of the agreement, so that reading it needs no other source."""
        agreed = {"company": self.company, "system": self.system or self.id.upper()}
        agreed |= {"zone": self.zone, "currency": self.currency, "stops": self.stops}
        return {name: value for name, value in agreed.items() if value is not None}


_LIST: Final = TypeAdapter(list[Partner])


@dataclass(frozen=True, slots=True)
class Partners:
    """All agreements, by sender and receiver."""

    known: dict[tuple[str, str], Partner]

    def of(self, sender: str, receiver: str) -> Partner | None:
        """The agreement with a sender for this receiver, else for any; None for a stranger."""
        return self.known.get((sender, receiver)) or self.known.get((sender, ""))


NOBODY: Final = Partners({})
"""Nothing was agreed with anyone."""


def read_partners(path: Path | None) -> Partners:
    """The agreements in a YAML file; none without a file. Raises `ConfigurationError`: unreadable, or one sender and receiver twice."""
    if path is None:
        return NOBODY
    try:
        found = _LIST.validate_python(yaml.safe_load(path.read_bytes()) or [])
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; correct MILEPOST_EDI_PARTNERS") from error
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{path}: {_first(error)}; correct the file") from error
    known: dict[tuple[str, str], Partner] = {}
    for partner in found:
        key = (partner.sender, partner.receiver or "")
        if key in known:
            raise ConfigurationError(
                f"{path}: {partner.id} and {known[key].id} have the same sender {partner.sender}; add a receiver to one"
            )
        known[key] = partner
    return Partners(known)


def _first(error: yaml.YAMLError | ValidationError) -> str:
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"
    return " ".join(str(error).split())[:200]
