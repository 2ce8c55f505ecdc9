"""E01, E06: chosen combinations of start and stop points, the real charger against the model."""

import pytest
from rig import CARD
from sessions import remote_start, write
from test_start_stop_points import SETS, text
from transaction_model import Model, Told

_SESSIONS = (
    "plug card draw pause draw card unplug",
    "card plug draw unplug",
    "plug remote_start draw remote_stop unplug",
)


class _Player:
    """Does the steps of the model to EVSE 1 of a charger."""

    def __init__(self, rig, csms, station):
        self.rig = rig
        self.csms = csms
        self.station = station
        self._seen = 0  # events of the sessions before

    async def step(self, name):
        station = self.station
        transaction = (await station.state(1))["transactionId"]
        if name == "plug":
            await station.plug()
        elif name == "unplug":
            await station.unplug()
        elif name == "card":
            await station.swipe(CARD, evse=1)
        elif name == "draw":
            await station.ev("C")
        elif name == "pause":
            await station.ev("B")
        elif name == "remote_start":
            await self.csms.call("RequestStartTransaction", remote_start(7, evseId=1))
        elif transaction:
            await self.csms.call("RequestStopTransaction", {"transactionId": transaction})
        await self.rig.quiet(self.csms)

    def told(self):
        """The TransactionEvents since the last call."""
        numbers = {}
        told = []
        events = self.csms.calls("TransactionEvent")
        new, self._seen = events[self._seen :], len(events)
        for event in new:
            info = event["transactionInfo"]
            told.append(
                Told(
                    numbers.setdefault(info["transactionId"], len(numbers) + 1),
                    event["seqNo"],
                    event["eventType"],
                    event["triggerReason"],
                    info["chargingState"],
                    info.get("stoppedReason"),
                    "idToken" in event,
                    "remoteStartId" in info,
                )
            )
        return told


@pytest.mark.limit(180)
@pytest.mark.parametrize("shift", [3, 11])
async def test_start_and_stop_points(rig, shift):
    """Each set of start points, and each of stop points; set while the charger runs."""
    csms, station = await rig.booted()
    player = _Player(rig, csms, station)
    for i, start in enumerate(SETS):
        stop = SETS[(i * 4 + shift) % len(SETS)]
        results = await write(
            csms, ("TxCtrlr.TxStartPoint", text(start)), ("TxCtrlr.TxStopPoint", text(stop))
        )
        assert [r["attributeStatus"] for r in results] == ["Accepted"] * 2
        model = Model(start, stop)
        steps = _SESSIONS[(i + shift) % len(_SESSIONS)].split()
        for step in steps:
            model.step(step)
            await player.step(step)
        assert player.told() == model.told, (start, stop, steps)
        assert model.state == "Idle" and not model.authorized and not model.open
