"""Side-by-side runs on a real Kafka broker. `python -m benchmarks --help`; method and fairness in docs/benchmarks.md."""
