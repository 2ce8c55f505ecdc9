"""The gist of a message in a few words, for the printed conversation."""

import json

from . import ledger

_LONGEST = 110


def _where(payload):
    evse = payload.get("evse")
    if not evse:
        return ""
    place = f"EVSE {evse['id']}"
    return place + (f" connector {evse['connectorId']}" if "connectorId" in evse else "")


def _token(payload, name="idToken"):
    token = payload.get(name)
    return f"{token['idToken']} ({token['type']})" if token else ""


def _boot(payload):
    station = payload["chargingStation"]
    words = [payload["reason"], station["vendorName"], station["model"]]
    return " ".join([*words, station.get("firmwareVersion", "")])


def _status(payload):
    return (
        f"EVSE {payload['evseId']} connector {payload['connectorId']} {payload['connectorStatus']}"
    )


def _transaction(payload):
    info = payload["transactionInfo"]
    words = [
        payload["eventType"],
        f"#{payload['seqNo']}",
        payload["triggerReason"],
        _where(payload),
    ]
    words += [info.get("chargingState", ""), _token(payload), info.get("stoppedReason", "")]
    readings = ledger.registers(payload)
    if readings:
        words.append(f"{readings[-1][1]:g} Wh")
    if payload.get("offline"):
        words.append("offline")
    return " ".join(word for word in words if word)


def _transaction_answer(payload):
    info = payload.get("idTokenInfo")
    return f"token {info['status']}" if info else ""


def _authorize_answer(payload):
    info = payload["idTokenInfo"]
    group = info.get("groupIdToken", {}).get("idToken")
    return info["status"] + (f" group {group}" if group else "")


def _boot_answer(payload):
    return f"{payload['status']} interval {payload['interval']} s, {payload['currentTime']}"


def variable(item):
    """A component and variable as the commands write it."""
    component, name = item["component"], item["variable"]
    text = component["name"]
    if "instance" in component:
        text += f"/{component['instance']}"
    if "evse" in component:
        evse = component["evse"]
        text += f"@{evse['id']}" + (f".{evse['connectorId']}" if "connectorId" in evse else "")
    text += f".{name['name']}"
    if "instance" in name:
        text += f"/{name['instance']}"
    if item.get("attributeType", "Actual") != "Actual":
        text += f"#{item['attributeType']}"
    return text


def _asked(payload):
    items = payload.get("getVariableData") or payload.get("setVariableData")
    words = [
        variable(i) + (f"={i['attributeValue']}" if "attributeValue" in i else "") for i in items
    ]
    return ", ".join(words)


def _results(payload):
    items = payload.get("getVariableResult") or payload.get("setVariableResult")
    words = []
    for item in items:
        value = f"={item['attributeValue']}" if "attributeValue" in item else ""
        words.append(f"{variable(item)}{value} {item['attributeStatus']}")
    return ", ".join(words)


def _trigger(payload):
    return f"{payload['requestedMessage']} {_where(payload)}".strip()


def _remote_start(payload):
    evse = f"EVSE {payload['evseId']} " if "evseId" in payload else ""
    return f"{evse}{_token(payload)} remote start {payload['remoteStartId']}"


def _reset(payload):
    return payload["type"] + (f" EVSE {payload['evseId']}" if "evseId" in payload else "")


_REQUESTS = {
    "Authorize": _token,
    "BootNotification": _boot,
    "GetVariables": _asked,
    "RequestStartTransaction": _remote_start,
    "Reset": _reset,
    "SetVariables": _asked,
    "StatusNotification": _status,
    "TransactionEvent": _transaction,
    "TriggerMessage": _trigger,
}
_RESPONSES = {
    "Authorize": _authorize_answer,
    "BootNotification": _boot_answer,
    "GetVariables": _results,
    "SetVariables": _results,
    "TransactionEvent": _transaction_answer,
}


def _flat(payload):
    """Any other payload: status first, then the rest as JSON."""
    if not isinstance(payload, dict):
        return json.dumps(payload)
    rest = {name: value for name, value in payload.items() if name != "status"}
    words = [str(payload["status"])] if "status" in payload else []
    return " ".join(words + ([json.dumps(rest, ensure_ascii=False)] if rest else []))


def shorten(text, limit=_LONGEST):
    return text if len(text) <= limit else text[: limit - 3] + "..."


def gist(message):
    """What the Message says, on one line and without its action."""
    if message.kind == 0:
        return shorten(repr(message.text))
    if message.code:
        return shorten(f"{message.code}: {message.description}")
    special = (_REQUESTS if message.is_call else _RESPONSES).get(message.action, _flat)
    try:
        return shorten(special(message.payload))
    except (
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
    ):  # breaks its schema: show it as it is
        return shorten(_flat(message.payload))
