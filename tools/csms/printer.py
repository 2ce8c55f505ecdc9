"""Prints the conversation: one line a message, colours only on a terminal."""

import os
import sys

from . import summary
from .conversation import FROM_STATION

_COLOURS = {
    "call": "36",
    "answer": "32",
    "error": "31",
    "note": "2",
    "bad": "1;31",
    "good": "1;32",
}


class Printer:
    """Writes lines such as `12:00:05.120  CS001 -> BootNotification  PowerUp Pilotwire`.

    Args:
        out: text stream, standard output by default.
        colours: True or False; None: only on a terminal, and not with NO_COLOR set.
    """

    def __init__(self, out=None, colours=None):
        self._out = out  # None: what sys.stdout is at the moment (the prompt puts its own there)
        out = out or sys.stdout
        if colours is None:
            colours = out.isatty() and "NO_COLOR" not in os.environ
        self._colours = colours
        unicode = (getattr(out, "encoding", "") or "").lower().startswith("utf")
        self._arrows = ("→", "←") if unicode else ("->", "<-")

    def _paint(self, kind, text):
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self._colours else text

    def line(self, text="", kind=None):
        """One line of its own; `kind` one of call, answer, error, note, bad, good."""
        print(self._paint(kind, text) if kind else text, file=self._out or sys.stdout, flush=True)

    def message(self, station, message):
        """One Message of the station with this identity."""
        arrow = self._arrows[0 if message.direction == FROM_STATION else 1]
        when = message.time.strftime("%H:%M:%S.%f")[:-3]
        kind = "call" if message.is_call else "error" if message.code else "answer"
        action = message.action or "?"
        if message.kind != 0 and not message.is_call:
            action += " answer"
        text = f"{when}  {station} {arrow} {action:<24} {summary.gist(message)}".rstrip()
        self.line(text, kind)
        for wrong in message.violations:
            self.line(f"{when}  {station} {arrow}   AGAINST THE SPECIFICATION: {wrong}", "bad")

    def event(self, when, station, text):
        """Something about a connection."""
        self.line(f"{when.strftime('%H:%M:%S.%f')[:-3]}  {station} * {text}", "note")
