"""The tokens that the CSMS knows. Whatever else is presented is Unknown."""

KNOWN = {
    "04A1B2C3": {"status": "Accepted"},
    "04A1B2C4": {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}},
    "04A1B2C5": {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}},
    "04B10C4D": {"status": "Blocked"},
    "04E0512E": {"status": "Expired"},
    "04DEAD00": {"status": "Invalid"},
}

# No card: what an operator or an app uses to start from afar
REMOTE_TOKEN = {"idToken": "operator-1", "type": "Central"}


def info(id_token):
    """The IdTokenInfo for an IdToken (camelCase, as on the wire)."""
    if id_token["type"] in ("Central", "NoAuthorization"):
        return {"status": "Accepted"}
    # E.g. ISO 14443 UIDs are hexadecimal, and readers differ in the case they give
    return KNOWN.get(id_token["idToken"].upper(), {"status": "Unknown"})


def describe():
    """One line a token, for the help."""
    lines = []
    for token, known in KNOWN.items():
        group = known.get("groupIdToken", {}).get("idToken")
        lines.append(f"{token}  {known['status']}" + (f", group {group}" if group else ""))
    return lines
