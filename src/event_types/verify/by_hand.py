import base64
import hmac
import json
import time

TOLERANCE = 5 * 60  # seconds


class NotGenuine(Exception):
    pass


def verify(secret, headers, body):
    headers = {name.lower(): value for name, value in headers.items()}
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not (message_id and timestamp.isascii() and timestamp.isdigit()):
        raise NotGenuine("a header is missing")
    if abs(time.time() - int(timestamp)) > TOLERANCE:
        raise NotGenuine("too old, or from the future")
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    if not key:
        raise ValueError("the secret is empty")
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected, one.encode()) for one in given):
        raise NotGenuine("no signature fits")
    return json.loads(body)
