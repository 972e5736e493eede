"""Selections and defaults of the addon."""

from .tools import message_signing, url_guard

ENDPOINT_STATES = [
    ("active", "Active"),
    ("paused", "Paused"),
    ("suspended", "Suspended"),
    ("disabled", "Disabled"),
]

SIGNATURE_VERSIONS = [
    ("v1", "v1: HMAC-SHA256, shared secret"),
    ("v1a", "v1a: Ed25519, public key"),
    ("both", "v1 and v1a"),
    ("request_hmac", "RFC 9421: HMAC-SHA256, shared secret"),
    ("request_ed25519", "RFC 9421: Ed25519, public key"),
]
ORDERINGS = [
    ("none", "None: as fast as possible"),
    ("key", "Per record: one after the other for each ordering key"),
    ("strict", "Strict: one after the other"),
]
# A lane holds this many times what travels at once, so that no connection idles while
# the next batch is claimed. Measured with 8 connections to a receiver that takes 20 ms,
# of 400/s at best: 155/s at depth 1, 310/s at 4, 340/s at 8, no more at 25.
PIPELINE = 8

CIRCUITS = [
    ("closed", "Closed: messages flow"),
    ("open", "Open: the receiver is left alone"),
    ("half_open", "Half open: one message tries"),
]
HEALTHS = [
    ("unknown", "Nothing delivered yet"),
    ("healthy", "Healthy"),
    ("unsteady", "Delivering again after failures"),
    ("failing", "Failing"),
    ("throttled", "Paused by the receiver"),
    ("half_open", "Trying with one message"),
    ("open", "Left alone after failures"),
    ("resting", "Not delivering"),
]
HEALTH_HOURS = 24
HEALTHY_PERCENT = 90  # of the tries of these hours; below, one success makes no health
THROTTLE_SECONDS = 5  # pause after 429 without Retry-After

CLOUDEVENTS = [
    ("none", "No"),
    ("binary", "Binary: attributes as headers"),
    ("structured", "Structured: one JSON document"),
]

AUTH_METHODS = [
    ("none", "None: the signature is enough"),
    ("bearer", "Bearer token"),
    ("basic", "User and password (Basic)"),
    ("oauth2", "OAuth 2.0 client credentials"),
]
CLIENT_AUTHS = [("basic", "As HTTP Basic"), ("body", "In the form")]
# What a credential of an endpoint is for.
PURPOSES = [
    ("receiver", "Credential for the receiver"),
    ("client_certificate", "Client certificate with key"),
    ("proxy", "User and password for the outgoing proxy"),
]

# signature version -> kinds of secret that must all be there
SECRET_KINDS = {
    "v1": ("hmac",),
    "v1a": ("ed25519_private",),
    "both": ("hmac", "ed25519_private"),
    "request_hmac": ("hmac",),
    "request_ed25519": ("ed25519_private",),
}
# Signature versions that sign requests, and with which algorithm.
REQUEST_ALGORITHMS = {
    "request_hmac": message_signing.HMAC_SHA256,
    "request_ed25519": message_signing.ED25519,
}

# System parameters, with what holds when they are not set.
PARAM_PORTS = "interop_webhook.allowed_ports"
PARAM_CONNECT_TIMEOUT = "interop_webhook.connect_timeout"
PARAM_TOTAL_TIMEOUT = "interop_webhook.total_timeout"
PARAM_MAX_RESPONSE_KB = "interop_webhook.max_response_kb"
PARAM_PROXY = "interop_webhook.outbound_proxy"
PARAM_OPERATIONS = "interop_webhook.operations_email"
PARAM_SUSPEND_HOURS = "interop_webhook.suspend_hours"
PARAM_SUSPEND_FAILURES = "interop_webhook.suspend_failures"
SUSPEND_DEFAULTS = {PARAM_SUSPEND_HOURS: 24, PARAM_SUSPEND_FAILURES: 20}
DEFAULT_PORTS = ", ".join(str(first) for first, _last in url_guard.DEFAULT_PORTS)
DEFAULT_CONNECT_TIMEOUT = 5
DEFAULT_TOTAL_TIMEOUT = 20
DEFAULT_MAX_RESPONSE_KB = 64

# Beyond this an exchange would outlive the lease of its message.
MAX_TOTAL_TIMEOUT = 60
MAX_CONCURRENCY = 64
MAX_RESPONSE_KB = 10240

TEST_TYPE = "interop.test"
