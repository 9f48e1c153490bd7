"""Unit tests of the engine (being filled)."""
