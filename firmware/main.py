"""Power-on: take the board, build the station, run it."""

import asyncio

from board import Board
from station import Station

asyncio.run(Station(Board()).run())
