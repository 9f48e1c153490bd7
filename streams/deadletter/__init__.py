"""Dead letters: why a record was refused, and how it is kept."""
