"""Put hops on Faust: one app, an agent and a transactional producer a hop, a table for each hop that keeps rows."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Collection, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, cast

import faust
from faust.app.base import BootStrategy
from faust.auth import Credentials
from faust.types import TP

from streams.deadletter.writer import Hold, render
from streams.engine.assignment import Assignment
from streams.engine.checks import Changelogs
from streams.engine.consumer import BatchConsumer, BatchSchema, BatchTransport
from streams.engine.health import Health
from streams.engine.identity import Identity
from streams.engine.loop import HopLoop
from streams.engine.observer import Observer, Silent
from streams.engine.producer import HopProducer
from streams.engine.recovery import HopTable, RestoringTableManager
from streams.engine.runner import HopRunner, RenderLetter
from streams.engine.state import HopState
from streams.engine.store import StoreMemory
from streams.hop import DeadLetter, Hop, Output
from streams.settings import Settings

__all__ = ["App", "build_app"]

_POLL_RECORDS: Final = 2_000


class _Boot(BootStrategy):
    """Faust's own producer is not needed: every record of ours belongs to a transaction."""

    enable_kafka_producer = False


class App(faust.App):
    """A Faust app that runs hops in transactions. Build it with `build_app`."""

    BootStrategy = _Boot

    def __init__(self, settings: Settings, identity: Identity, observer: Observer) -> None:
        self.settings = settings
        self.identity = identity
        self.observer = observer
        self.loops: list[HopLoop] = []
        self.producers: list[HopProducer] = []
        self.health = Health(self.loops)
        self.stopping = threading.Event()
        super().__init__(
            settings.app_id,
            broker=[f"kafka://{server.strip()}" for server in settings.bootstrap.split(",")],
            broker_credentials=_credentials(settings),
            broker_client_id=identity.client_id,
            broker_session_timeout=settings.session_timeout_ms / 1000,
            # Other members of the group learn of a rebalance at their next heartbeat.
            broker_heartbeat_interval=min(1.0, settings.session_timeout_ms / 10_000),
            broker_max_poll_records=_POLL_RECORDS,
            consumer_group_instance_id=identity.instance_id,
            consumer_auto_offset_reset="earliest",
            # Faust stamps each worker's assignment with its URL; two on one machine must differ although neither serves anything.
            canonical_url=f"http://{settings.worker}:6066",
            datadir=identity.folder / "faust",
            store="memory://",
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
            stream_wait_empty=True,
            stream_recovery_delay=0,
            TableManager=RestoringTableManager,
        )

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    async def on_start(self) -> None:
        """Take the transactional ids, which ends what a former life left open, and start the hops' state machines."""
        await super().on_start()
        running = asyncio.get_running_loop()
        await asyncio.gather(*(running.run_in_executor(None, producer.open) for producer in self.producers))
        for loop in self.loops:
            self.add_future(loop.run())

    async def on_stop(self) -> None:
        """Finish what runs, then let go."""
        self.stopping.set()
        await super().on_stop()
        for loop in self.loops:
            loop.stop()
        for producer in self.producers:
            await asyncio.get_running_loop().run_in_executor(None, producer.close)

    def on_rebalance_start(self) -> None:
        """Called by Faust in the consumer's thread."""
        self.health.rebalancing()
        super().on_rebalance_start()

    def on_held(self, sources: Collection[TP]) -> None:
        """The assigned source partitions are restored and sought."""
        for producer in self.producers:
            producer.forget_partitions()
        self.health.restored()
        self.observer.assigned(len(sources))

    async def drain(self) -> None:
        """Let the running transactions end; begin none until partitions are assigned anew."""
        await asyncio.gather(*(loop.drain() for loop in self.loops))


class _Tap:
    """A hop's view of the app's consumer, which exists only once Faust has started."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def _consumer(self) -> BatchConsumer:
        return cast(BatchConsumer, self._app.consumer)

    def current(self) -> Assignment | None:
        return self._consumer.current()

    def close(self, partitions: Collection[tuple[str, int]]) -> None:
        self._consumer.close_partitions(partitions)

    def open(self, partitions: Collection[tuple[str, int]]) -> None:
        self._consumer.open_partitions(partitions)


def build_app(
    settings: Settings,
    hops: Sequence[Hop],
    identity: Identity,
    changelogs: Changelogs,
    observer: Observer | None = None,
    hold: Hold | None = None,
) -> App:
    """An app that runs `hops`, ready to start.

    `changelogs` comes from `checks.check_cluster`; `hold` makes the record that keeps the release of a dead
    letter's order back.
    """
    observer = observer or Silent()
    app = App(settings, identity, observer)
    memory = StoreMemory()
    letters = partial(_letters, settings.app_id, _app_version(), hold)
    for hop in hops:
        state = None
        if hop.codec is not None:
            state = HopState(hop, settings, identity.folder / hop.name, changelogs[hop.name], memory, observer)
            app.tables.add(HopTable(app, name=hop.name, state=state, source=settings.topic(hop.sources[0])))
        _add_hop(app, hop, state, letters)

    async def beat() -> None:
        app.health.beat()

    async def sweep() -> None:
        for loop in app.loops:
            loop.sweep_soon()

    app.timer(1.0, name="beat")(beat)
    app.timer(settings.sweep_interval_ms / 1000, name="sweep")(sweep)
    return app


def _add_hop(app: App, hop: Hop, state: HopState | None, letters: RenderLetter) -> None:
    settings, observer = app.settings, app.observer
    producer = HopProducer(
        settings,
        hop.name,
        f"{app.identity.client_id}-{hop.name}",
        lambda: not app.stopping.is_set(),
        lambda: app.identity.rival(app.stopping),
    )
    runner = HopRunner(hop, settings, producer, state, letters, observer, app.stopping)
    sources = [settings.topic(name) for name in hop.sources]
    waiting = partial(observer.waiting, hop.name)
    loop = HopLoop(hop.name, sources, runner, _Tap(app), settings.batch_records, settings.commit_interval_ms / 1000, waiting)
    app.producers.append(producer)
    app.loops.append(loop)
    # acks=False: Faust keeps no books on what it may commit, since it commits nothing.
    topic = app.topic(*sources, schema=BatchSchema(), acks=False)

    async def agent(stream: Any) -> None:
        async for fetched in stream:
            loop.offer(fetched)

    app.agent(topic, name=hop.name)(agent)


def _letters(app_id: str, app_version: str, hold: Hold | None, letter: DeadLetter) -> list[Output]:
    return render(letter, time.time_ns() // 1_000_000, app_id, app_version, hold)


def _app_version() -> str:
    try:
        return version("milepost")
    except PackageNotFoundError:  # run from a source tree
        return "source"


def _credentials(settings: Settings) -> Credentials | None:
    """Faust's form of the same security settings that librdkafka gets."""
    if settings.security_protocol == "PLAINTEXT":
        return None
    context = None
    if settings.security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=None if settings.ssl_ca is None else str(settings.ssl_ca))
        if settings.ssl_certificate is not None:
            context.load_cert_chain(settings.ssl_certificate, settings.ssl_key)
    if settings.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            ssl_context=context,
            mechanism=settings.sasl_mechanism,
        )
    return faust.SSLCredentials(context=context)
