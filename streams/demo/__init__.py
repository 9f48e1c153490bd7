"""The demo: a realistic day through a real Kafka and real workers, shown while it happens and proven afterwards.

stage   broker, topics and workers, for as long as the play lasts
board   what the output topics have said so far
screen  the board in a terminal, or as plain lines
play    feeds the day, waits until it is digested, compares and verifies
"""

from streams.demo.play import Outcome, perform
from streams.demo.stage import Stage, staged

__all__ = ["Outcome", "Stage", "perform", "staged"]
