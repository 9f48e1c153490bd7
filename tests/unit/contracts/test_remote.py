"""A schema registry that is slow to come, overloaded, or not one at all. (That a real one is understood: tests/contract.)"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest

from streams.contracts.registry import UnknownSchema, embedded
from streams.contracts.remote import RegistryUnreachable, RemoteRegistry, connect
from streams.errors import ConfigurationError, MilepostError
from streams.processes import free_ports

RECORD = json.dumps({"type": "record", "name": "Scan", "fields": []})


class Answers:
    """An HTTP server that gives the next of `queue` to each request, the last one for ever."""

    def __init__(self) -> None:
        self.queue: list[tuple[int, object]] = []
        self.asked: list[str] = []
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers.asked.append(self.headers.get("Authorization", "nobody") + " " + self.path)
                status, body = answers.queue.pop(0) if len(answers.queue) > 1 else answers.queue[0]
                data = json.dumps(body).encode() if not isinstance(body, bytes) else body
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_PUT = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def answers() -> Iterator[Answers]:
    made = Answers()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def registry(answers: Answers) -> Iterator[RemoteRegistry]:
    made = RemoteRegistry(f"http://{answers.address}", patience=10)
    yield made
    made.close()


def test_a_registry_that_is_overloaded_for_a_moment_is_asked_again(answers: Answers, registry: RemoteRegistry) -> None:
    answers.queue = [(503, {"message": "starting"}), (429, b""), (500, b"<html>"), (200, {"schema": RECORD})]

    assert registry.by_id(5).name == "Scan"
    assert len(answers.asked) == 4


def test_a_schema_is_asked_for_once(answers: Answers, registry: RemoteRegistry) -> None:
    answers.queue = [(200, {"schema": RECORD})]

    assert registry.by_id(5) is registry.by_id(5)
    assert answers.asked == ["nobody /schemas/ids/5"]


def test_an_id_that_is_not_there_is_asked_for_once(answers: Answers, registry: RemoteRegistry) -> None:
    answers.queue = [(404, {"error_code": 40403, "message": "Schema not found"})]

    for _ in range(3):
        with pytest.raises(UnknownSchema):
            registry.by_id(5)
    assert len(answers.asked) == 1


def test_guids_are_asked_for_where_the_registry_has_them(answers: Answers, registry: RemoteRegistry) -> None:
    answers.queue = [(200, {"schema": RECORD})]
    guid = UUID("8b9a7c6e-0000-4000-8000-000000000001")

    assert registry.by_guid(guid).name == "Scan"
    assert answers.asked == [f"nobody /schemas/guids/{guid}"]


def test_user_and_password_of_the_url_are_used_and_never_shown(answers: Answers) -> None:
    answers.queue = [(401, {"message": "who are you"})]
    registry = RemoteRegistry(f"http://me:secret@{answers.address}", patience=0)

    with pytest.raises(ConfigurationError, match=r"answers 401 to GET /schemas/ids/5: who are you; check") as refused:
        registry.by_id(5)
    registry.close()

    assert answers.asked == ["Basic bWU6c2VjcmV0 /schemas/ids/5"]
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("schema", ["{", '{"type": "nothing"}', '"milepost.Missing"'])
def test_a_schema_that_cannot_be_read_is_unknown(answers: Answers, registry: RemoteRegistry, schema: str) -> None:
    answers.queue = [(200, {"schema": schema})]

    with pytest.raises(UnknownSchema, match="cannot be used"):
        registry.by_id(5)


def test_no_registry_at_all_is_said_in_one_line_and_is_no_reason_to_refuse_a_record() -> None:
    [port] = free_ports(1)
    registry = RemoteRegistry(f"http://127.0.0.1:{port}", patience=0.1)

    with pytest.raises(RegistryUnreachable, match=rf"no schema registry answers at http://127\.0\.0\.1:{port} .*; check") as failed:
        registry.by_id(5)
    registry.close()

    assert isinstance(failed.value, MilepostError)
    assert not isinstance(failed.value, UnknownSchema)
    assert "\n" not in str(failed.value)


def test_a_url_that_is_none_is_refused_before_anything_is_asked() -> None:
    for url in ("registry:8081", "nonsense", "http://", "ftp://registry", "http://[::"):
        with pytest.raises(ConfigurationError, match="SCHEMA_REGISTRY_URL"):
            RemoteRegistry(url)


def test_a_url_with_a_path_that_is_no_registry_is_said_at_start(answers: Answers) -> None:
    answers.queue = [(404, b"<html>not here</html>")]
    registry = RemoteRegistry(f"http://{answers.address}", patience=0)

    with pytest.raises(ConfigurationError, match=r"answers 404 to PUT .*; check SCHEMA_REGISTRY_URL"):
        registry.register()
    registry.close()


def test_without_a_url_the_embedded_registry_is_used() -> None:
    assert connect("") is embedded()
