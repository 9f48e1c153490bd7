"""The command line as a whole: what it lists, how it fails, how quick it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from confluent_kafka import KafkaError, KafkaException

from streams import cli
from streams.cli import COMMANDS, main
from streams.cli.errors import explain
from streams.errors import BrokerUnreachable, ConfigurationError, MilepostError


def _one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    assert "Traceback" not in error
    return error.strip()


def test_help_lists_every_command_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
    program = (
        "import sys; from streams.cli import main; main(['--help']); "
        "print([name for name in sys.modules if name.startswith(('confluent', 'pydantic'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(cli.__file__).parents[2])
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_teaches_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    below = [name for name in ("up", "down", "status", "create", "check", "list", "show") if f"│ {name} " in shown]
    for words in [[command, name, "--help"] for name in below]:
        assert main(words) == 0
        shown += capsys.readouterr().out
        assert "Example" in shown
    assert f"milepost {command}" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], "No such command 'nonsense'; see `milepost --help`"),
        (["topics", "chek"], "No such command 'chek'. Did you mean 'check'?; see `milepost topics --help`"),
        (["topics", "check", "--nope"], "No such option: --nope; see `milepost topics check --help`"),
        (["worker", "--workers", "0"], "see `milepost worker --help`"),
        (["worker", "--workers", "many"], "see `milepost worker --help`"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert said in _one_line(capsys)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("MILEPOST_PARTITIONS", "0", "MILEPOST_PARTITIONS=0: "),
        ("MILEPOST_PARTITIONS", "many", "MILEPOST_PARTITIONS=many: "),
        ("MILEPOST_SECURITY_PROTOCOL", "SASL_SSL", "set MILEPOST_SASL_USERNAME and MILEPOST_SASL_PASSWORD"),
        ("MILEPOST_TRANSACTION_TIMEOUT_MS", "60000", "MILEPOST_TRANSACTION_TIMEOUT_MS must be below MILEPOST_SESSION_TIMEOUT_MS"),
    ],
)
def test_wrong_setting_is_named_in_one_line_and_exit_2(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert main(["topics", "check"]) == 2
    assert said in _one_line(capsys)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MilepostError("x"), 1),
        (ConfigurationError("x"), 2),
        (BrokerUnreachable("x"), 3),
        (KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN)), 3),
        (KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)), 1),
        (FileNotFoundError(2, "No such file or directory", "day.jsonl"), 2),
        (KeyboardInterrupt(), 130),
        (typer.Abort(), 130),
        (ZeroDivisionError("division\nby zero"), 70),
    ],
)
def test_every_error_becomes_an_exit_code_and_at_most_one_line(error: BaseException, code: int) -> None:
    found, line = explain(error)
    assert found == code
    assert "\n" not in line
    assert line.startswith("milepost: ") or isinstance(error, (KeyboardInterrupt, typer.Abort))


def test_defect_shows_a_traceback_only_on_demand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: object) -> int:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(cli, "_run", broken)
    assert main(["topics"]) == 70
    assert "a defect of ours: ZeroDivisionError: oops" in _one_line(capsys)
    monkeypatch.setenv("MILEPOST_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["topics"])


def test_closed_pipe_is_no_error() -> None:
    program = "import sys; from streams.cli.errors import guarded\ndef run():\n  while True: print('x' * 1000)\nsys.exit(guarded(run))"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(cli.__file__).parents[2]) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 141


def test_status_without_a_broker_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["dev", "status"]) == 3
    assert "start it with `milepost dev up`" in _one_line(capsys)
    assert main(["dev", "status", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == {"running": False, "answers": False, "nodes": []}
    assert main(["dev", "down"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_unreadable_state_of_a_broker_says_what_to_remove(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cluster.json").write_text("{")
    assert main(["dev", "status", "--folder", str(tmp_path)]) == 2
    assert f"remove {tmp_path} and start anew" in _one_line(capsys)
