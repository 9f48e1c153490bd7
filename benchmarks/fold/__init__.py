"""The keyed fold: read the key's row, count, write the row, send one record; the same job on each engine."""
