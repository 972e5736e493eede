"""Selections and defaults of the addon."""

from .tools import message_signing, url_guard

SIGNATURE_VERSIONS = [
    ("v1", "v1: HMAC-SHA256, shared secret"),
    ("v1a", "v1a: Ed25519, public key"),
    ("both", "v1 and v1a"),
    ("request_hmac", "RFC 9421: HMAC-SHA256, shared secret"),
    ("request_ed25519", "RFC 9421: Ed25519, public key"),
]
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
DEFAULT_PORTS = ", ".join(str(first) for first, _last in url_guard.DEFAULT_PORTS)
DEFAULT_CONNECT_TIMEOUT = 5
DEFAULT_TOTAL_TIMEOUT = 20
DEFAULT_MAX_RESPONSE_KB = 64

# Beyond this an exchange would outlive the lease of its message.
MAX_TOTAL_TIMEOUT = 60
MAX_RESPONSE_KB = 10240

TEST_TYPE = "interop.test"
