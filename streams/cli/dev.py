"""`milepost dev`: a real Kafka on this machine, kept between commands in `.milepost/broker/`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from streams.cli.output import print_json, print_table
from streams.devbroker import LocalCluster
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import Settings

__all__ = ["app", "down", "status", "up"]

DEFAULT_PORT = 19092
"""As in `Settings.bootstrap`, so that every other command finds the broker without being told."""

app = typer.Typer(
    help="Run a real Apache Kafka on this machine, without Docker: Java 17 and Maven are enough.\n\n"
    "    milepost dev up && milepost dev status\n\n    milepost dev down --purge"
)

Folder = Annotated[Path, typer.Option(help="Where its data, logs and process ids are kept.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command()
def up(
    nodes: Annotated[
        int | None, typer.Option(help="1, or 3 (replication 3, min.insync 2). Default: 1, or what was started before.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1024, max=65_000, help=f"Port of the first node; a node uses two in a row. Default: {DEFAULT_PORT}.")
    ] = None,
    folder: Folder = Path(".milepost/broker"),
    as_json: AsJson = False,
) -> None:
    """Start Kafka and return when it answers. Data of an earlier start is still there.

    The first start fetches Kafka's jars (54 MB) from Maven Central into ~/.cache/milepost (MILEPOST_KAFKA_HOME moves that).

    Example: `milepost dev up --nodes 3`
    """
    cluster = LocalCluster.find(folder)
    if cluster is None:
        cluster = LocalCluster(folder, nodes=nodes or 1, port=port or DEFAULT_PORT, outlive=True)
    elif nodes not in (None, len(cluster.nodes)):
        raise ConfigurationError(f"{folder} holds a cluster of {len(cluster.nodes)}: remove it with `milepost dev down --purge` first")
    elif port not in (None, cluster.node(1).address.port):
        if cluster.running:
            raise ConfigurationError(f"Kafka already runs at {cluster.bootstrap}: stop it with `milepost dev down` to move it")
        cluster.move(port)
    was_running = cluster.running
    cluster.start()
    if as_json:
        print_json(_state(cluster))
        return
    print(f"Kafka {'already runs' if was_running else 'runs'} at {cluster.bootstrap} (stop it: milepost dev down)")
    if cluster.bootstrap != Settings().bootstrap:
        print(f"for the other commands: export KAFKA_BOOTSTRAP={cluster.bootstrap}")


@app.command()
def down(
    folder: Folder = Path(".milepost/broker"), purge: Annotated[bool, typer.Option("--purge", help="Remove its data and logs too.")] = False
) -> None:
    """Stop Kafka. Its data stays, unless you say --purge.

    Example: `milepost dev down --purge`
    """
    cluster = LocalCluster.find(folder)
    if cluster is None:
        print(f"nothing to stop: there is no local Kafka in {folder}")
        return
    was_running = any(node.running for node in cluster.nodes)
    cluster.stop()
    if purge:
        cluster.purge()
    print(("stopped" if was_running else "was not running") + (", data removed" if purge else ""))


@app.command()
def status(folder: Folder = Path(".milepost/broker"), as_json: AsJson = False) -> None:
    """Say whether it runs and answers. Exit 0 if it does, 1 if a node is down, 3 if nothing answers.

    Example: `milepost dev status --json`
    """
    cluster = LocalCluster.find(folder)
    if cluster is None or not any(node.running for node in cluster.nodes):
        if as_json:
            print_json({"running": False, "answers": False, "nodes": []} if cluster is None else _state(cluster))
        raise BrokerUnreachable("the local Kafka does not run: start it with `milepost dev up`")
    state = _state(cluster)
    if as_json:
        print_json(state)
    else:
        print_table(
            ["node", "address", "process", "state", "log"],
            [[str(n["node"]), n["address"], str(n["pid"] or ""), n["state"], n["log"]] for n in state["nodes"]],
        )
    if not state["answers"]:
        raise BrokerUnreachable(f"the local Kafka does not answer: see {cluster.node(1).log}")
    if not cluster.running:
        raise typer.Exit(1)


def _state(cluster: LocalCluster) -> dict[str, Any]:
    nodes = [
        {
            "node": node.id,
            "address": node.bootstrap,
            "pid": node.pid,
            "state": "runs" if node.running else "down",
            "log": str(node.log),
        }
        for node in cluster.nodes
    ]
    return {"bootstrap": cluster.bootstrap, "running": cluster.running, "answers": cluster.answers(), "nodes": nodes}
