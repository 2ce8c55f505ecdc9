"""Random play: what may happen to a charger, as steps that a seed makes again.

A step is a tuple: the name of a method of play.Play and its arguments. `step(random)` makes one
from a random.Random, or from Hypothesis' stand-in, which can shrink what comes out.
"""

from rig import BLOCKED, CARD, EXPIRED, GROUP_CARD, INVALID, OTHER_GROUP_CARD, UNKNOWN, setting

ACCEPTED_CARDS = (CARD, GROUP_CARD, OTHER_GROUP_CARD)
_CARDS = (CARD, CARD, *ACCEPTED_CARDS, BLOCKED, EXPIRED, INVALID, UNKNOWN)
_POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
_FAULTS = ("GroundFailure", "OverCurrent", "UnderVoltage", "Temperature", "WeldedContact") + (
    "ConnectorLockFailure",
)
_TRIGGERS = (
    "BootNotification",
    "Heartbeat",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "MeterValues",
    "StatusNotification",
    "TransactionEvent",
)
_ANSWERED = (
    "TransactionEvent",
    "TransactionEvent",
    "TransactionEvent",
    "Authorize",
    "Authorize",
    "StatusNotification",
    "Heartbeat",
    "MeterValues",
    "NotifyReport",
    "BootNotification",
)
MALFORMED = (
    '[3,"$ID"]',
    '[3,"$ID",[]]',
    '[3,"$ID",{"idTokenInfo":{"status":"Perhaps"}}]',
    '[3,"$ID",{"idTokenInfo":7}]',
    '[4,"$ID"]',
    '[3,"somebody else",{}]',
    "[3,",
    "",
)
_RPC = ("RpcFrameworkError", "FormatViolation", "ProtocolError")
_COUNT = ("OccurrenceConstraintViolation", "ProtocolError")
_EXTRA = ("FormatViolation", "PropertyConstraintViolation", *_COUNT)
_TYPE = ("TypeConstraintViolation",)
_VALUE = ("PropertyConstraintViolation",)
_OFFLINE_THRESHOLD = (
    '{"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"OfflineThreshold"},'
    '"attributeValue":"77"}'
)
# text, codes of the CALLERROR; what takes effect all the same is found by play_asked.py
MALFORMED_CALLS = (
    ("[2,", _RPC),
    ("{}", _RPC),
    ("[" * 500, _RPC),
    ('[2,"$ID"]', (*_RPC, *_COUNT)),
    ('[2,"$ID","Reset",{"type":"Immediate"},1]', _RPC),
    ('[2,"$ID","Reset",{"type":"Immediate"}]x', _RPC),
    ('[9,"$ID",{}]', ("MessageTypeNotSupported",)),
    ('[2,"$ID","NoSuchAction",{}]', ("NotImplemented",)),
    ('[2,"$ID","Reset",{}]', _COUNT),
    ('[2,"$ID","Reset",{"type":"Gently"}]', _VALUE),
    ('[2,"$ID","Reset",{"type":"Immediate","why":"so"}]', _EXTRA),
    ('[2,"$ID","Reset",{"type":"Immediate","customData":{}}]', _COUNT),
    (
        '[2,"$ID","RequestStartTransaction",{"remoteStartId":666,"idToken":'
        '{"idToken":7,"type":"Central"}}]',
        _TYPE,
    ),
    (
        '[2,"$ID","RequestStartTransaction",{"remoteStartId":667,"idToken":'
        '{"idToken":"$PAD","type":"Central"}}]',
        (*_VALUE, *_TYPE, "FormatViolation"),
    ),
    (
        '[2,"$ID","ChangeAvailability",{"operationalStatus":"Inoperative","evse":{"id":"1"}}]',
        _TYPE,
    ),
    (
        '[2,"$ID","ChangeAvailability",{"operationalStatus":"Inoperative","evse":{}}]',
        _COUNT,
    ),
    (
        '[2,"$ID","SetVariables",{"setVariableData":[%s,{"component":7}]}]' % _OFFLINE_THRESHOLD,
        (*_TYPE, *_COUNT),
    ),
    (
        '[2,"$ID","SetVariables",{"setVariableData":[%s],"more":1}]' % _OFFLINE_THRESHOLD,
        _EXTRA,
    ),
)
NONSENSE = ('[3,"nobody",{}]', '[4,"nobody","GenericError","",{}]', '[3,"",{}]', '[3,"x",[]]')
_DATA = (None, True, 7, 2.5, 'text \u00fc\n"', [], [1, [2, {"a": None}]], {"b": "x" * 900}, {})
_VARIABLES = (
    ("SampledDataCtrlr.TxUpdatedInterval", ("0", "20", "60", "300")),
    ("SampledDataCtrlr.TxEndedInterval", ("0", "60", "600")),
    ("AlignedDataCtrlr.Interval", ("0", "300", "900")),
    ("AlignedDataCtrlr.SendDuringIdle", ("true", "false")),
    ("TxCtrlr.EVConnectionTimeOut", ("20", "60", "300")),
    ("TxCtrlr.StopTxOnEVSideDisconnect", ("true", "true", "false")),
    ("TxCtrlr.StopTxOnInvalidId", ("true", "true", "false")),
    ("OCPPCommCtrlr.HeartbeatInterval", ("30", "300", "3600")),
    ("OCPPCommCtrlr.OfflineThreshold", ("0", "60", "600")),
    ("OCPPCommCtrlr.UnlockOnEVSideDisconnect", ("true", "true", "false")),
    ("OCPPCommCtrlr.WebSocketPingInterval", ("0", "30")),
    ("AuthCtrlr.AuthorizeRemoteStart", ("true", "false")),
    ("AuthCtrlr.DisableRemoteAuthorization", ("true", "false", "false")),
    ("AuthCtrlr.LocalPreAuthorize", ("true", "false")),
    ("AuthCtrlr.LocalAuthorizeOffline", ("true", "false")),
    ("AuthCtrlr.MasterPassGroupId", ("", "FLEET")),
    ("AuthCacheCtrlr.Enabled", ("true", "true", "false")),
    ("AuthCacheCtrlr.LifeTime", ("0", "600", "86400")),
    ("AuthCacheCtrlr.Policy", ("LRU", "FIFO")),
    ("AuthCacheCtrlr.DisablePostAuthorize", ("true", "false")),
    ("NoCtrlr.NoVariable", ("1",)),
)


SETTINGS = [(name, text) for name, texts in _VARIABLES for text in texts]
READ = [
    *[name for name, _ in _VARIABLES],
    "TxCtrlr.TxStartPoint",
    "TxCtrlr.TxStopPoint",
    "ChargingStation.AvailabilityState",
    "EVSE@1.AvailabilityState",
    "Connector@1.1.AvailabilityState",
    "ClockCtrlr.DateTime",
    "DeviceDataCtrlr.ItemsPerMessage/GetVariables",
    "DeviceDataCtrlr.ItemsPerMessage/NoInstance",
    "EVSE@9.AvailabilityState",
    "SecurityCtrlr.BasicAuthPassword",
]
LAYOUTS = ("1,1", "2,1", "2,2", "1,2,1", "2", "1")


def _points(rnd):
    return ",".join(sorted({rnd.choice(_POINTS) for _ in range(rnd.choice((1, 1, 2)))}))


def world(rnd):
    """Factory settings of a play: {"Component.Variable": text}."""
    evses = rnd.choice(LAYOUTS)
    ratings = ["32" if rnd.random() < 0.7 else "16" for _ in evses.split(",")]
    return {
        "evses": evses,
        "rating": rnd.choice(("32", "16", "63", ",".join(ratings))),
        "supply": rnd.choice(("0", "0", "10", "20", "40")),
        "fixed_cable": rnd.choice(("0", "0", "0", "1")),
        "TxCtrlr.TxStartPoint": _points(rnd),
        "TxCtrlr.TxStopPoint": _points(rnd),
        "TxCtrlr.MaxEnergyOnInvalidId": rnd.choice(("0", "0", "200")),
        "AuthCtrlr.Enabled": rnd.choice(("true",) * 5 + ("false",)),
        "AuthCtrlr.OfflineTxForUnknownIdEnabled": rnd.choice(("false", "false", "true")),
        "OCPPCommCtrlr.MessageAttemptInterval/TransactionEvent": rnd.choice(("5", "20")),
        "OCPPCommCtrlr.RetryBackOffWaitMinimum": "1",
        "OCPPCommCtrlr.RetryBackOffRandomRange": "1",
    }


def overrides(values):
    """The list of overrides for a world."""
    return [setting(name, text) for name, text in values.items() if "." in name]


def options(values):
    """Options of the process for a world."""
    return {name: text for name, text in values.items() if "." not in name}


def layout(values):
    """Number of connectors of each EVSE of a world."""
    return [int(count) for count in values["evses"].split(",")]


def _number(rnd):
    return rnd.choice((1, 2, 3))  # of an EVSE; Play.place() makes one of it that exists


def _connector(rnd):
    return rnd.choice((1, 1, 2))


def _maybe(make):
    return lambda rnd: rnd.choice((None, make(rnd)))


def _one(*choices):
    return lambda rnd: rnd.choice(choices)


def _card(rnd):
    return rnd.choice(_CARDS)


def _set(rnd):
    return rnd.choice(SETTINGS)


def _set_many(rnd):
    return [rnd.randrange(len(SETTINGS)) for _ in range(20)]


def _place(rnd):
    """Of a request: the station, an EVSE or a connector."""
    return rnd.choice(((None, None), (_number(rnd), None), (_number(rnd), _connector(rnd))))


def _report(rnd):
    criteria = rnd.choice(((), (), ("Active",), ("Available", "Enabled"), ("Problem",)))
    names = ((), ("AuthCtrlr.Enabled", "EVSE@1.Available"), ("NoCtrlr.NoVariable",), READ[:10])
    chosen = rnd.choice(names if criteria else names[1:])
    return criteria, tuple(chosen)


_SWITCH = _one(True, False)
_AT = (_number, _connector)

# weight, name, what makes its arguments: each one, or one that makes all
_STEPS = (
    (10, "plug", (*_AT, _one(None, 13, 20, 32, 63))),
    (6, "unplug", _AT),
    (20, "ev", (*_AT, _one(*"BCCCCCCCCDAEF"), _one(1, 3))),
    (3, "ev", (*_AT, _one(*"BCCC"), _one(1, 3), _one(True, False), _one(6, 16, 40))),
    (0.5, "heat", (_number, _one(66, 75, 85))),
    (2, "heat", (_number, _one(25))),
    (12, "swipe", (_maybe(_number), _card)),
    (12, "swipe", (_number, _one(CARD))),
    (0.5, "swipe", (_number, _one("1234", "04A1B2C3"), _one("KeyCode", "Central", "Local"))),
    (0.5, "fault", (*_AT, _one(*_FAULTS))),
    (5, "heal", _AT),
    (2, "network", (_one(False),)),
    (6, "network", (_one(True),)),
    (20, "pass_time", (_one(1, 5, 8, 30, 60, 100),)),
    (2, "pass_time", (_one(600, 1800),)),
    (4, "run", (_one(20, 200),)),
    (0.5, "drift", (_one(5, 3600, 90000),)),
    (1, "meter", (_number, _one(1, 1000, 100000))),
    (0.5, "reboot", ()),
    (0.5, "power_cut", ()),
    (4, "start_remotely", (_maybe(_number), _card)),
    (1, "start_remotely", (_maybe(_number), _card, _one("FLEET", "OTHERS"))),
    (3, "stop", (_one(0, 0, 0, 1, None),)),
    (1, "reset", (_one("Immediate", "OnIdle"), _maybe(_number))),
    (0.5, "available", lambda rnd: (*_place(rnd), False)),
    (3, "available", lambda rnd: (*_place(rnd), True)),
    (5, "set", _set),
    (0.5, "set_many", _set_many),
    (1.5, "get_many", (lambda rnd: rnd.randrange(len(READ)), _one(1, 3, 20))),
    (2, "points", (_one("Start", "Stop"), _points)),
    (3, "trigger", lambda rnd: (rnd.choice(_TRIGGERS), *_place(rnd))),
    (2, "unlock", _AT),
    (0.5, "clear_cache", ()),
    (1, "report", (_one("FullInventory", "ConfigurationInventory", "SummaryInventory"),)),
    (1, "custom_report", _report),
    (2, "status", (_one(0, 1, None),)),
    (1, "transfer_in", (_one(*_DATA), _SWITCH)),
    (1, "transfer_out", (_one(*_DATA[1:]),)),
    (1, "custom_data", (_SWITCH,)),
    (1, "burst", (_one(2, 5),)),
    (1, "cross", ()),
    (4, "refuse", (_one("Invalid", "Blocked", "Expired"),)),
    (6, "misbehave", (_one(*_ANSWERED), _one("error", "silence", "late"))),
    (1, "tell_held", ()),
    (2, "malform", (_one(*_ANSWERED), _one(*MALFORMED))),
    (1, "pend", (_one("Pending", "Rejected"), _one(1, 3))),
    (0.5, "wrong_time", (_one("Heartbeat", "BootNotification"), _one(-86400, -7, 7, 86400 * 40))),
    (3, "malformed_call", (lambda rnd: rnd.randrange(len(MALFORMED_CALLS)),)),
    (1, "nonsense", (_one(*NONSENSE),)),
    (2, "close", ()),
    (1, "cut", ()),
    (3, "calm", ()),
)
_UNITS = [kind for kind in _STEPS for _ in range(round(kind[0] * 2))]


def step(rnd):
    """The next step."""
    _, name, makers = rnd.choice(_UNITS)
    arguments = [make(rnd) for make in makers] if isinstance(makers, tuple) else makers(rnd)
    return (name, *arguments)
