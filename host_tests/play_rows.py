"""What the rows of E, F and J want of the events of one transaction, whoever has told them.

Everything here looks at TransactionEventRequests only, in the order in which they came, without
repetitions. Nothing is taken from the firmware, so that recorded events can be judged too.
"""

from play_steps import ACCEPTED_CARDS

from tools.csms.ledger import registers, stamp

# The end of an authorization comes first, the stop point may be left only later.
_LATER = {"EVCommunicationLost", "EVDeparted", "ChargingStateChanged"}
_FAULT = {"AbnormalCondition"}  # E06.FR.16
_RESET = {"ResetCommand"}  # B12.FR.04
_TRIGGERS_OF = {
    "Local": {"StopAuthorized"} | _LATER,  # E07.FR.02, E07.FR.05
    "MasterPass": {"StopAuthorized"} | _LATER,  # C16.FR.08
    "Remote": {"RemoteStop"} | _LATER,  # F03.FR.03, F04.FR.03
    "DeAuthorized": {"Deauthorized"} | _LATER,  # E05.FR.10
    "Timeout": {"EVConnectTimeout"},  # E03.FR.05
    "EVDisconnected": {"EVCommunicationLost", "EVDeparted"},  # E09.FR.01
    "StoppedByEV": {"ChargingStateChanged"},
    "EnergyLimitReached": {"EnergyLimitReached", "ChargingStateChanged"},
    "ImmediateReset": _RESET,
    "Reboot": _RESET,
    "PowerLoss": _FAULT,
    "PowerQuality": _FAULT,
    "GroundFault": _FAULT,
    "OvercurrentFault": _FAULT,
    "EmergencyStop": _FAULT,
    "Other": _FAULT | {"ChargingStateChanged", "UnlockCommand"},
}
_STATES_OF = {
    "CablePluggedIn": {"EVConnected"},
    "EVDeparted": {"Idle"},
    "EVCommunicationLost": {"Idle"},
    "EVConnectTimeout": {"Idle"},
}


def events_wrong(transaction, *, stamps=True, lax=False, enabled=True):
    """What is wrong with a Transaction of tools.csms.ledger: lines, without its id.

    Args:
        stamps: its clock has not been set meanwhile.
        lax: factory setting that lets unknown tokens charge. enabled: AuthCtrlr.Enabled.
    """
    events = transaction.events
    yield from _order(events)
    if stamps:
        yield from _stamps(events)
    yield from _end(events)
    yield from _energy(events)
    yield from _place(events)
    for event in events:
        yield from _state(event)
    yield from _changes(events)
    if enabled and not lax:
        yield from _authorized(events)


def _order(events):
    kinds = [event["eventType"] for event in events]
    numbers = [event["seqNo"] for event in events]
    if numbers != list(range(len(numbers))):
        yield f"seqNo runs {numbers} (E01.FR.07)"
    if kinds[0] != "Started" or "Started" in kinds[1:]:
        yield "there is not one Started, at the beginning (E01)"
    if "Ended" in kinds[:-1]:
        yield "something comes after Ended, or it comes twice (E06)"


def _stamps(events):
    at = [event["timestamp"] for event in events]
    if at != sorted(at, key=stamp):
        yield f"its stamps run backwards: {at}"


def _end(events):
    for event in events:
        reason = event["transactionInfo"].get("stoppedReason")
        trigger = event["triggerReason"]
        if event["eventType"] != "Ended":
            if reason is not None:
                yield f"stoppedReason {reason} before the end"
        elif trigger not in _TRIGGERS_OF.get(reason or "Local", ()):  # E06.FR.08, E06.FR.09
            yield f"it ends with {trigger} and {reason} (E06.FR.15)"


def energies(events):
    """The energy registers in Wh as told; those that Ended repeats from before are left out."""
    for event in events:
        found = [wh for _, wh, _ in registers(event)]
        yield from found[-1:] if event["eventType"] == "Ended" else found


def _energy(events):
    told = list(energies(events))
    if told != sorted(told):
        yield f"its energy falls: {told} Wh (J02.FR.16)"
    spent = [e["transactionInfo"].get("timeSpentCharging") for e in events]
    spent = [seconds for seconds in spent if seconds is not None]
    if spent != sorted(spent):
        yield f"timeSpentCharging falls: {spent}"


def _place(events):
    evses = {event["evse"]["id"] for event in events if "evse" in event}
    if len(evses) > 1:
        yield f"it is at several EVSEs: {sorted(evses)} (E01.FR.16)"
    at = None
    for event in events:
        at = event.get("evse", at)
        state = event["transactionInfo"].get("chargingState")
        if state == "Charging" and at is None:
            yield f"it charges nowhere, seqNo {event['seqNo']} (E01.FR.16)"


def _state(event):
    state = event["transactionInfo"].get("chargingState")
    trigger = event["triggerReason"]
    if state is not None and state not in _STATES_OF.get(trigger, {state}):
        yield f"it is {state} at {trigger}"


def _changes(events):
    """A change of the charging state is told once (E02.FR.03)."""
    if any(event.get("offline") for event in events):
        return  # thinned
    last = None
    for event in events:
        state = event["transactionInfo"].get("chargingState")
        told = event["triggerReason"] == "ChargingStateChanged"
        if told and state == last and event["eventType"] == "Updated":
            yield f"it tells {state} twice, seqNo {event['seqNo']}"
        last = state or last


def _authorized(events):
    """Charging needs a token that the CSMS has accepted (C01.FR.01, F01)."""
    allowed = False
    for event in events:
        token = event.get("idToken", {"idToken": None, "type": None})
        # The CSMS accepts every token of the kind Central (tools/csms/tokens.py).
        allowed |= token["idToken"] in ACCEPTED_CARDS or token["type"] == "Central"
        allowed |= "remoteStartId" in event["transactionInfo"]
        if event["transactionInfo"].get("chargingState") == "Charging" and not allowed:
            yield "it charges for nobody the CSMS has accepted (C01.FR.01)"
            return
