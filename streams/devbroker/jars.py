"""Kafka's jars and the Java that runs them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.devbroker.errors import BrokerFailed
from streams.errors import ConfigurationError

__all__ = ["KAFKA_VERSION", "ensure_jars", "find_java", "kafka_home"]

KAFKA_VERSION = "4.3.0"
"""As in pom.xml; a test compares the two."""

_POM = Path(__file__).with_name("pom.xml")
_OLDEST_JAVA = 17


def kafka_home() -> Path:
    """The folder whose `libs/` holds the jars: `MILEPOST_KAFKA_HOME`, or a cache folder in the user's home."""
    configured = os.environ.get("MILEPOST_KAFKA_HOME")
    return Path(configured) if configured else Path.home() / ".cache" / "milepost" / f"kafka-{KAFKA_VERSION}"


def ensure_jars(home: Path | None = None) -> Path:
    """Return the folder of Kafka's jars; fetch them from Maven Central (54 MB, once) if they are not there.

    Two processes that call this at once wait for each other. Raises `ConfigurationError` if Maven is missing and `BrokerFailed` if
    the download does not work.
    """
    home = home or kafka_home()
    libs = home / "libs"
    if _complete(libs):
        return libs
    with _lock(home):
        if not _complete(libs):
            _fetch(libs)
    return libs


def find_java() -> str:
    """Path of a Java 17 or newer: `$JAVA_HOME`, else the one on the path. Raises `ConfigurationError` if there is none."""
    java_home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{java_home}/bin") if java_home else shutil.which("java")
    if java is None:
        raise ConfigurationError(_missing("Java 17", "openjdk-17-jre-headless"))
    banner = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', banner)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        found = banner.splitlines()[0] if banner else "nothing that says its version"
        raise ConfigurationError(f"{_missing('Java 17', 'openjdk-17-jre-headless')} ({java} is {found})")
    return java


def _missing(what: str, package: str) -> str:
    return f"the local Kafka needs {what}: install Debian's {package}, or set KAFKA_BOOTSTRAP to an existing cluster"


def _complete(libs: Path) -> bool:
    # The folder is moved into place whole, so one jar speaks for all. Any patch release of a Kafka 4 distribution will do.
    return any(libs.glob("kafka-server-4.*.jar"))


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(libs: Path) -> None:
    mvn = shutil.which("mvn")
    if mvn is None:
        raise ConfigurationError(_missing("Maven to fetch its jars", "maven"))
    libs.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=libs.parent, prefix=".fetching-") as folder:
        # Maven writes beside the pom, so it works on a copy: the package itself may be installed read-only.
        shutil.copy(_POM, folder)
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}/libs"]
        done = subprocess.run([mvn, "-q", "-B", "-C", *goal], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = [line for line in done.stdout.splitlines() if "ERROR" in line] or ["Maven said nothing"]
            raise BrokerFailed(
                f"Kafka's jars could not be fetched from Maven Central: {lines[0].strip()}; check the network, or the mirror in "
                "~/.m2/settings.xml, and try again"
            )
        if libs.exists():
            shutil.rmtree(libs)
        Path(folder, "libs").rename(libs)
