"""Selections and defaults of the addon."""

from .tools import message_signing, url_guard

SIGNATURE_VERSIONS = [
    ("v1", "v1: HMAC-SHA256, Shared Secret"),
    ("v1a", "v1a: Ed25519, Public Key"),
    ("both", "v1 and v1a"),
    ("request_hmac", "RFC 9421: HMAC-SHA256, Shared Secret"),
    ("request_ed25519", "RFC 9421: Ed25519, Public Key"),
]
CLOUDEVENTS = [
    ("none", "No"),
    ("binary", "Binary: Attributes as Headers"),
    ("structured", "Structured: One JSON Document"),
]

AUTH_METHODS = [
    ("none", "Signature Only"),
    ("bearer", "Bearer Token"),
    ("basic", "User and Password (Basic)"),
    ("oauth2", "OAuth 2.0 Client Credentials"),
]
CLIENT_AUTHS = [("basic", "HTTP Basic"), ("body", "Form Fields")]
# Purposes of the credentials of an endpoint.
PURPOSES = [
    ("receiver", "Receiver Credential"),
    ("client_certificate", "Client Certificate"),
    ("proxy", "Proxy Credential"),
]

# signature version -> kinds of secrets that it requires
SECRET_KINDS = {
    "v1": ("hmac",),
    "v1a": ("ed25519_private",),
    "both": ("hmac", "ed25519_private"),
    "request_hmac": ("hmac",),
    "request_ed25519": ("ed25519_private",),
}
# Signature version -> algorithm of the signature over the request.
REQUEST_ALGORITHMS = {
    "request_hmac": message_signing.HMAC_SHA256,
    "request_ed25519": message_signing.ED25519,
}

# System parameters and their defaults.
PARAM_PORTS = "interop_webhook.allowed_ports"
PARAM_CONNECT_TIMEOUT = "interop_webhook.connect_timeout"
PARAM_TOTAL_TIMEOUT = "interop_webhook.total_timeout"
PARAM_MAX_RESPONSE_KB = "interop_webhook.max_response_kb"
PARAM_PROXY = "interop_webhook.outbound_proxy"
DEFAULT_PORTS = ", ".join(str(first) for first, _last in url_guard.DEFAULT_PORTS)
DEFAULT_CONNECT_TIMEOUT = 5
DEFAULT_TOTAL_TIMEOUT = 20
DEFAULT_MAX_RESPONSE_KB = 64

# With a longer timeout an exchange would last longer than the lease of its message.
MAX_TOTAL_TIMEOUT = 60
MAX_RESPONSE_KB = 10240

TEST_TYPE = "interop.test"
