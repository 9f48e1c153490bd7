"""Edges of Milepost that are not Kafka: EDI files, webhooks, pollers and sinks."""

__all__: list[str] = []
