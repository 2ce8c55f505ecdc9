"""What behaviour tests do again and again: read and set variables, start charging."""

import asyncio

from rig import CARD, setting

from tools.csms.arguments import variable

START = {
    point: setting("TxCtrlr.TxStartPoint", point)
    for point in ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
}


def stop_at(points):
    return setting("TxCtrlr.TxStopPoint", points)


async def read(csms, *names):
    """GetVariables: list of GetVariableResults; names as the prompt of the CSMS takes them."""
    items = [variable(name) for name in names]
    return (await csms.call("GetVariables", {"getVariableData": items}))["getVariableResult"]


async def value(csms, name):
    """The value of one variable that can be read."""
    (result,) = await read(csms, name)
    assert result["attributeStatus"] == "Accepted", result
    return result["attributeValue"]


async def write(csms, *assignments):
    """SetVariables with ("Component.Variable", "value") pairs: list of SetVariableResults."""
    items = [{**variable(name), "attributeValue": str(text)} for name, text in assignments]
    return (await csms.call("SetVariables", {"setVariableData": items}))["setVariableResult"]


async def write_status(csms, name, text):
    """The attributeStatus of setting one variable."""
    return (await write(csms, (name, text)))[0]["attributeStatus"]


async def charge(rig, csms, station, evse=1, token=CARD, phases=3):
    """Cable in, card accepted, car draws; what was said is forgotten. The transaction's id."""
    await station.plug(evse)
    await rig.quiet(csms)
    await station.swipe(token, evse=evse)
    await rig.quiet(csms)
    await station.ev("C", evse=evse, phases=phases)
    await station.until_relay(True, evse)
    await rig.quiet(csms)
    csms.forget()
    return (await station.state(evse))["transactionId"]


async def still_charging(station, transaction, evse=1):
    """The relay is closed and the transaction is the same one."""
    state = await station.state(evse)
    assert state["relay"] and state["transactionId"] == transaction, state


async def booted_again(csms, reason, connectors=2):
    """The station has restarted: BootNotification with this reason, then every connector's status.

    Returns:
        {(evse, connector): status}
    """
    boot = await csms.expect("BootNotification", 15)
    assert boot["reason"] == reason
    statuses = {}
    for _ in range(connectors):
        status = await csms.expect("StatusNotification")
        statuses[status["evseId"], status["connectorId"]] = status["connectorStatus"]
    assert len(statuses) == connectors
    return statuses


def remote_start(number, token=CARD, kind="ISO14443", **more):
    """The payload of a RequestStartTransactionRequest."""
    return {"remoteStartId": number, "idToken": {"idToken": token, "type": kind}, **more}


async def not_before_a_second(csms, station):
    """No time passes but by jumps: the next connection comes with the second one."""
    await csms.disconnected()
    known = len(csms.opening.requests)
    await asyncio.sleep(0.3)
    assert len(csms.opening.requests) == known, "it is back at once"
    await station.clock(2)
    await csms.connected()
