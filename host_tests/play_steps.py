"""Random play: what may happen to a charger, as steps that a seed makes again.

A step is a tuple: the name of a method of play.Play and its arguments. `step(random)` makes one
from a random.Random, or from Hypothesis' stand-in, which can shrink what comes out.
"""

from rig import BLOCKED, CARD, EXPIRED, GROUP_CARD, INVALID, OTHER_GROUP_CARD, UNKNOWN, setting

ACCEPTED_CARDS = (CARD, GROUP_CARD, OTHER_GROUP_CARD)
_CARDS = (CARD, CARD, *ACCEPTED_CARDS, BLOCKED, EXPIRED, INVALID, UNKNOWN)
_POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
_FAULTS = ("GroundFailure", "OverCurrent", "UnderVoltage", "Temperature", "WeldedContact")
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
CALLS_MALFORMED = (
    "[2,",
    "{}",
    '[2,"$ID"]',
    '[2,"$ID","NoSuchAction",{}]',
    '[2,"$ID","Reset",{}]',
    '[2,"$ID","Reset",{"type":"Gently"}]',
    '[2,"$ID","RequestStartTransaction",{"idToken":{"idToken":7,"type":"Central"}}]',
    '[9,"$ID",{}]',
)
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


_SETTINGS = [(name, text) for name, texts in _VARIABLES for text in texts]


def _points(rnd):
    return ",".join(sorted({rnd.choice(_POINTS) for _ in range(rnd.choice((1, 1, 2)))}))


def world(rnd):
    """Factory settings of a play: {"Component.Variable": text}."""
    return {
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
    return [setting(name, text) for name, text in values.items()]


def _evse(rnd):
    return rnd.choice((1, 2))


def _maybe_evse(rnd):
    return rnd.choice((None, 1, 2))


# weight, name, what makes its arguments
_STEPS = (
    (10, "plug", (_evse,)),
    (6, "unplug", (_evse,)),
    (20, "ev", (_evse, lambda rnd: rnd.choice("BCCCCCCCCDAEF"), lambda rnd: rnd.choice((1, 3)))),
    (12, "swipe", (_maybe_evse, lambda rnd: rnd.choice(_CARDS))),
    (12, "swipe", (_evse, lambda rnd: CARD)),
    (0.5, "fault", (_evse, lambda rnd: rnd.choice(_FAULTS))),
    (4, "heal", (_evse,)),
    (2, "network", (lambda rnd: False,)),
    (6, "network", (lambda rnd: True,)),
    (20, "pass_time", (lambda rnd: rnd.choice((1, 5, 8, 30, 60, 100)),)),
    (2, "pass_time", (lambda rnd: rnd.choice((600, 1800)),)),
    (4, "run", (lambda rnd: rnd.choice((20, 200)),)),
    (1, "meter", (_evse, lambda rnd: rnd.choice((1, 1000, 100000)))),
    (0.5, "reboot", ()),
    (0.5, "power_cut", ()),
    (5, "start_remotely", (_maybe_evse, lambda rnd: rnd.choice(_CARDS))),
    (3, "stop", (lambda rnd: rnd.choice((0, 0, 0, 1, None)),)),
    (1, "reset", (lambda rnd: rnd.choice(("Immediate", "OnIdle")), _maybe_evse)),
    (0.5, "available", (_maybe_evse, lambda rnd: False)),
    (3, "available", (_maybe_evse, lambda rnd: True)),
    (6, "set", (lambda rnd: rnd.choice(_SETTINGS),)),
    (2, "points", (lambda rnd: rnd.choice(("Start", "Stop")), _points)),
    (3, "trigger", (lambda rnd: rnd.choice(_TRIGGERS), _maybe_evse)),
    (2, "unlock", (_evse,)),
    (0.5, "clear_cache", ()),
    (1, "report", (lambda rnd: rnd.choice(("FullInventory", "SummaryInventory")),)),
    (2, "status", (lambda rnd: rnd.choice((0, 1, None)),)),
    (4, "refuse", (lambda rnd: rnd.choice(("Invalid", "Blocked", "Expired")),)),
    (
        5,
        "misbehave",
        (lambda rnd: rnd.choice(_ANSWERED), lambda rnd: rnd.choice(("error", "silence"))),
    ),
    (2, "malform", (lambda rnd: rnd.choice(_ANSWERED), lambda rnd: rnd.choice(MALFORMED))),
    (1, "pend", (lambda rnd: rnd.choice(("Pending", "Rejected")),)),
    (1, "nonsense", (lambda rnd: rnd.choice(CALLS_MALFORMED),)),
    (2, "close", ()),
    (1, "cut", ()),
    (3, "calm", ()),
)
_UNITS = [kind for kind in _STEPS for _ in range(round(kind[0] * 2))]


def step(rnd):
    """The next step."""
    _, name, makers = rnd.choice(_UNITS)
    made = [make(rnd) for make in makers]
    return (name, *made[0]) if name == "set" else (name, *made)
