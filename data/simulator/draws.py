"""Random draws that depend on their place alone: seed, system, office and day.

One stream for everything would change last year's figures whenever a day is added.
"""

from datetime import date
from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    TICKETS = 1
    TICKET_DIRT = 2
    CASES = 3
    CASE_DIRT = 4
    CALLS = 5
    CHATS = 6
    SURVEY = 7
    TRADE = 8
    SLOTS = 9
    SEARCHES = 10


def generator(seed: int, stream: Stream, place: int, day: date) -> np.random.Generator:
    return np.random.default_rng([seed, stream, place, day.toordinal()])
