"""Unit tests of dead letters (being filled)."""
