"""A real schema registry: Apicurio, from Maven Central, in memory, on a free port. `SCHEMA_REGISTRY_URL` names one to use in its place."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from streams.devbroker.jars import find_java
from streams.processes import bound_to_parent, free_ports

_EXISTING = os.environ.get("SCHEMA_REGISTRY_URL", "")
_VERSION = "2.6.13.Final"
_ARTIFACT = f"io.apicurio:apicurio-registry-app:{_VERSION}:tar.gz:all"
_HOME = Path.home() / ".cache" / "milepost" / f"apicurio-{_VERSION}"


@pytest.fixture(scope="session")
def schema_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real registry."""
    if _EXISTING:
        yield _EXISTING
        return
    home = _unpacked()
    [port] = free_ports(1)
    java = [find_java(), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    address = ["-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}"]
    command = bound_to_parent([*java, *address, "-jar", f"apicurio-registry-app-{_VERSION}-runner.jar"])
    log = tmp_path_factory.mktemp("apicurio") / "log"
    with log.open("wb") as output, subprocess.Popen(command, cwd=home, stdout=output, stderr=output) as process:
        try:
            url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
            _await(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def prefix() -> str:
    """A topic prefix of the test's own, so that subjects of tests never meet."""
    return f"{uuid.uuid4().hex[:8]}."


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def subjects() -> None:
        assert process.poll() is None, f"the registry ended: {log.read_text()[-2000:]}"
        httpx.get(f"{url}/subjects").raise_for_status()

    Retrying(retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True)(subjects)


def _unpacked() -> Path:
    """The registry's folder; fetched once (142 MB)."""
    _HOME.parent.mkdir(parents=True, exist_ok=True)
    with (_HOME.parent / f"{_HOME.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _HOME.exists():
            mvn = shutil.which("mvn")
            assert mvn, "Maven fetches the schema registry: install Debian's maven, or set SCHEMA_REGISTRY_URL to a running one"
            with tempfile.TemporaryDirectory(dir=_HOME.parent, prefix=".fetching-") as folder:
                copy = ["dependency:copy", f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={folder}"]
                subprocess.run([mvn, "-q", "-B", *copy], cwd=folder, check=True)
                unpacked = Path(folder, "unpacked")
                with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as archive:
                    archive.extractall(unpacked, filter="data")
                unpacked.rename(_HOME)
    return _HOME
