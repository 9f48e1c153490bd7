"""Errors that a person has to act on.

```
MilepostError             something is wrong; the message says what to do         exit 1
├── ConfigurationError    a setting, an argument or a missing program             exit 2
├── BrokerUnreachable     no Kafka at the configured address                      exit 3
└── RegistryUnreachable   no schema registry at the configured address            exit 3
```

The message of each is one line, complete in itself, and ends with what to do next. The command line prints it and exits with
`exit_code`; nothing else is shown.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["BrokerUnreachable", "ConfigurationError", "MilepostError"]


class MilepostError(Exception):
    """Base of every error whose message is meant for a person."""

    exit_code: ClassVar[int] = 1
    transient: ClassVar[bool] = False
    """Whether it may pass by itself: a worker then tries the same records again, in place, and dead-letters none of them."""


class ConfigurationError(MilepostError):
    """A setting or an argument cannot be used, or a program that is needed is not installed. Trying again will not help."""

    exit_code: ClassVar[int] = 2


class BrokerUnreachable(MilepostError):
    """No broker answers at the configured address. Trying again may help."""

    exit_code: ClassVar[int] = 3
    transient: ClassVar[bool] = True
