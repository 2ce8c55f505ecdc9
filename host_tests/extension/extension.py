"""Example of an extension: a charger with a display, a fan for each EVSE and less power.

component Display when=display
Contrast        integer     rw  unit=Percent default=50 min=0 max=100
Language        OptionList  rw  values=de,en,fr default=en
Serial          string      ro  max=20 default=D-0001
Text            string      rw  max=1000 default="Hello, driver"

component Fan level=evse
Speed           integer     ro  unit=rpm default=0 live
Mode            OptionList  rw  values=Auto,Silent default=Auto reboot
Tripped         boolean     ro  default=false live

component Lamp instance=Front level=connector
Colour(Idle)    OptionList  rw  values=red,green,blue default=green
Colour(Busy)    OptionList  rw  values=red,green,blue default=blue volatile

component RCD level=evse when=rcd
Tripped         boolean     ro  default=false

component EVSE level=evse
Power           decimal     ro  unit=W max=7360 live
FanFitted       boolean     ro  default=true
"""

from tables.variables import DISPLAY_CONTRAST, DISPLAY_TEXT, FAN_SPEED, FAN_TRIPPED

from hal import log
from hal.events import TOKEN

_RPM_PER_KW = 100
_BLANK_MS = 60000
_VENDOR = b"com.example.display"


class Extension:
    def __init__(self, board, model, firmware):
        self._board = board
        self._model = model
        self._firmware = firmware
        self._blank = firmware.timer(self._blanked)

    def _blanked(self):
        self._board.indicator.display(0, b"")

    def read(self, variable, evse, connector):
        if variable == FAN_SPEED:
            return 800 + self._board.meter(evse).power_w() * _RPM_PER_KW // 1000
        if variable == FAN_TRIPPED:
            return b"false" if self._board.connector(evse, 1).fault() is None else b"true"
        return None

    def changed(self, variable, evse, connector):
        if variable == DISPLAY_CONTRAST:
            log.info("display: contrast %d", self._model.int(variable))
        elif variable == DISPLAY_TEXT:
            self._board.indicator.display(0, self._model.text(variable))

    def event(self, event):
        if event[0] == TOKEN and not self._firmware.send_data_transfer(_VENDOR, b"card"):
            log.info("display: the CSMS is not told of the card")

    def data_transfer_answered(self, status, data):
        log.info("display: the CSMS says %s", status or b"nothing")

    def data_transfer(self, vendor_id, message_id, data):
        if vendor_id != _VENDOR:
            return None
        if message_id != b"show":
            return b"UnknownMessageId", None
        self._board.indicator.display(0, data)
        self._firmware.start(self._blank, _BLANK_MS)
        return b"Accepted", b'{"shown":%s}' % data
