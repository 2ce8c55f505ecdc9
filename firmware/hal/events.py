# constants
"""Kinds of hardware events, first element of what `board.events.get()` returns (see README.md)."""

from micropython import const

PILOT = const(0)  # (PILOT, evse, connector): the control pilot's state changed, or the cable
FAULT = const(1)  # (FAULT, evse, connector): a fault came or went
TOKEN = const(2)  # (TOKEN, evses bit mask (0: any), token, type): a card, a key or a button
REBOOT = const(3)  # (REBOOT,): the restart button
NETWORK = const(4)  # (NETWORK, up): the cable, the radio
DATA_TRANSFER = const(5)  # (DATA_TRANSFER, seq, vendor_id, message_id or None, raw JSON or None)
HOOK_REPLY = const(6)  # (HOOK_REPLY, seq, status, raw JSON or None)
CLOCK = const(7)  # (CLOCK,): time jumped, timers are to be looked at again
HEAP = const(8)  # (HEAP, seq): tell how much of the heap is in use
QUIT = const(9)  # (QUIT,): the process is to end: close the connection, then restart
