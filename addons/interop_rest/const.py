"""Constants of the inbound REST addon."""

ROUTING_TYPE = "interop"
PREFIX = "/interop"  # of all routes for clients

PARAM_TOLERANCE = "interop_rest.tolerance_seconds"
PARAM_MAX_BODY_KB = "interop_rest.max_body_kb"
PARAM_MAX_BATCH_KB = "interop_rest.max_batch_kb"
PARAM_MAX_DEPTH = "interop_rest.max_depth"
PARAM_MAX_ITEMS = "interop_rest.max_items"
PARAM_RETRY_AFTER = "interop_rest.retry_after_seconds"
PARAM_TOKEN_DAYS = "interop_rest.token_days"  # noqa: S105 (a setting's name)
PARAM_RATE = "interop_rest.rate_per_minute"
PARAM_FAILURES = "interop_rest.failures_per_minute"
PARAM_PUBLIC_OPENAPI = "interop_rest.public_openapi"  # "True", or absent
PARAM_PUBLIC_URL = "interop_rest.public_url"

# parameter -> (default, minimum, maximum). A value that is unreadable or out of bounds is
# replaced by the default, so that no setting can disable a check.
SETTINGS = {
    PARAM_TOLERANCE: (300, 1, 3600),
    PARAM_MAX_BODY_KB: (1024, 1, 65536),
    PARAM_MAX_BATCH_KB: (8192, 1, 65536),
    PARAM_MAX_DEPTH: (32, 4, 256),
    PARAM_MAX_ITEMS: (50000, 100, 5000000),
    PARAM_RETRY_AFTER: (5, 1, 3600),
    PARAM_TOKEN_DAYS: (90, 1, 366),
    PARAM_RATE: (6000, 1, 1000000),
    PARAM_FAILURES: (20, 1, 100000),
}

BATCH_MESSAGES = 1000
BATCH_COMMIT = 100  # messages
BATCH_HEADERS = {
    "Location": "location",
    "Retry-After": "retry_after",
    "Deprecation": "deprecation",
    "Sunset": "sunset",
}

# Results that a receiver reports after delivery (HL7 MSA-1: AA, AR, AE).
RECEIPTS = [
    ("accepted", "Accepted"),
    ("business_rejected", "Rejected for a Business Reason"),
    ("technical_error", "Failed for a Technical Reason"),
]
