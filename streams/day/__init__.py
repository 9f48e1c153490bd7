"""A realistic day: raw records of all sources from a seed, and what must come of each order (`docs/day.md`).

generator    the day: stories told one after the other, records in the order of arrival
profile      how often what happens
situations   what can happen to an order
journey      the ordinary course of an order, of which situations are made
sources      how each source words it
truth        what really happened
outcome      what must come of it
expectation  the same in a file
compare      what is different from it
found        what a run said, gathered from its output topics
"""

from streams.day.compare import Actual, compare
from streams.day.expectation import Expected, ExpectedDeadLetter, ExpectedParked
from streams.day.generator import Day, generate
from streams.day.profile import REALISTIC, Profile

__all__ = ["REALISTIC", "Actual", "Day", "Expected", "ExpectedDeadLetter", "ExpectedParked", "Profile", "compare", "generate"]
