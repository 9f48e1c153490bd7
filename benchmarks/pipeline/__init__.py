"""The whole pipeline on a generated day: throughput, latency, restore, restart, memory."""
