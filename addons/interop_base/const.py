"""Selections and constants that the suite shares.

Terms come from FHIR, HL7, Standard Webhooks and SRE. The directions ``query`` and
``pull`` are reserved for look-ups and polled sources; no code offers them yet.
"""

DIRECTIONS = [("out", "Outbound"), ("in", "Inbound")]

SYSTEM_KINDS = [
    ("clinical", "Clinical"),
    ("administrative", "Administrative"),
    ("partner", "Partner"),
    ("analytics", "Analytics"),
]

CRITICALITIES = [
    ("0", "Low"),
    ("1", "Normal"),
    ("2", "High"),
    ("3", "Critical"),
]

ENVIRONMENTS = [
    ("production", "Production"),
    ("test", "Test"),
    ("training", "Training"),
    ("development", "Development"),
]

DATA_CLASSES = [
    ("none", "No Personal Data"),
    ("personal", "Personal"),
    ("patient_adjacent", "Patient-adjacent"),
]
# Content of these classes is encrypted, and only blind indexes of it are searchable.
PROTECTED_CLASSES = ("personal", "patient_adjacent")

LATENCY_TIERS = [
    ("real_time", "Real Time"),
    ("near_real_time", "Near Real Time"),
    ("batch", "Batch"),
]

CONTRACT_STATES = [
    ("draft", "Draft"),
    ("published", "Published"),
    ("deprecated", "Deprecated"),
    ("retired", "Retired"),
]
# Messages may be exchanged under a contract in one of these states.
USABLE_CONTRACT_STATES = ("published", "deprecated")

INTERFACE_STATES = [
    ("draft", "Draft"),
    ("approved", "Approved"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("deprecated", "Deprecated"),
    ("retired", "Retired"),
]
# In these states an interface captures events. The events of a suspended interface wait
# and are sent after its activation.
CAPTURING_STATES = ("active", "suspended")

CLIENT_STATES = [
    ("requested", "Draft"),
    ("approved", "Approved"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("revoked", "Revoked"),
]
MESSAGE_STATES = [
    ("pending", "Waiting"),
    ("processing", "In Progress"),
    ("done", "Done"),
    ("dead", "Failed"),
    ("parked", "Needs a Decision"),
    ("skipped", "Skipped"),
    ("cancelled", "Cancelled"),
]
# Prefix of the lane of a message that was delivered and rejected later by a receipt. It
# has lost its place in the order, until a user retries it.
LEFT_LANE = "left:"

# Messages that wait for the engine or for a user. Retention never deletes them.
OPEN_STATES = ("pending", "processing", "dead", "parked")
FAILED_STATES = ("dead", "parked")
CLOSED_STATES = ("done", "skipped", "cancelled")
WITHDRAWN_STATES = ("skipped", "cancelled")
# A message that is due for so long waits for more critical ones, if any are due.
DEFERRED_SECONDS = 10

ENDPOINT_STATES = [
    ("active", "Active"),
    ("paused", "Paused"),
    ("suspended", "Suspended"),
    ("disabled", "Disabled"),
]
ORDERINGS = [
    ("none", "No order: as fast as possible"),
    ("key", "Per record: one message at a time per ordering key"),
    ("strict", "Strict: one message at a time"),
]
MAX_CONCURRENCY = 64
# A lane holds this many times its concurrency, so that no connection is idle while the
# next batch is claimed. Measured with 8 connections to a receiver that needs 20 ms (at
# best 400/s): 155/s at depth 1, 310/s at 4, 340/s at 8, no more at 25.
PIPELINE = 8

CIRCUITS = [
    ("closed", "Closed: messages are delivered"),
    ("open", "Open: deliveries are paused"),
    ("half_open", "Half open: one message tests the receiver"),
]
HEALTHS = [
    ("unknown", "No Deliveries Yet"),
    ("healthy", "Healthy"),
    ("unsteady", "Recovering after Failures"),
    ("failing", "Failing"),
    ("throttled", "Throttled by Receiver"),
    ("half_open", "Testing with One Message"),
    ("open", "Paused after Failures"),
    ("resting", "Not Delivering"),
]
HEALTH_HOURS = 24
HEALTHY_PERCENT = 90  # share of successful attempts; below it an endpoint is unsteady
THROTTLE_SECONDS = 5  # pause after 429 without Retry-After

# System parameters, and their defaults.
PARAM_OPERATIONS = "interop_base.operations_email"
PARAM_SUSPEND_HOURS = "interop_base.suspend_hours"
PARAM_SUSPEND_FAILURES = "interop_base.suspend_failures"
SUSPEND_DEFAULTS = {PARAM_SUSPEND_HOURS: 24, PARAM_SUSPEND_FAILURES: 20}

TECHNICAL_CLASSES = [
    ("dns", "Name not found"),
    ("connect", "No connection"),
    ("tls", "TLS failure"),
    ("timeout", "Timeout"),
    ("http_5xx", "Server error"),
    ("throttled", "Throttled"),
    ("auth", "Credentials refused"),
    ("config", "Configuration"),
    ("internal", "Internal error"),
]
BUSINESS_CLASSES = [
    ("schema", "Content does not match the contract"),
    ("unknown_identifier", "Unknown identifier"),
    ("ownership", "Not the owner of the data"),
    ("business_rule", "Business rule"),
    ("conflict", "Conflict"),
]
ERROR_CLASSES = TECHNICAL_CLASSES + BUSINESS_CLASSES
ERROR_KINDS = [("technical", "Technical"), ("business", "Business")]

OUTCOMES = [
    ("done", "Delivered"),
    ("retry", "Failed, Retry Scheduled"),
    ("dead", "Failed Permanently"),
    ("parked", "Needs a Decision"),
    ("deferred", "Deferred"),
]

SECRET_KINDS = [
    ("hmac", "HMAC-SHA256 key (v1)"),
    ("ed25519_private", "Ed25519 private key (v1a)"),
    ("ed25519_public", "Ed25519 public key (v1a)"),
    ("token_hash", "Token (hashed)"),
    ("credential", "Credential"),
]

AUDIT_ACTIONS = [
    ("viewed", "Viewed"),
    ("revealed", "Payload Revealed"),
    ("refused", "Access Refused"),
    ("requested", "Approval Requested"),
    ("approved", "Approved"),
    ("refused", "Approval Refused"),
    ("reopened", "Approval Reopened"),
    ("restored", "Approved State Restored"),
    ("transition", "Lifecycle Changed"),
    ("changed", "Changed While in Use"),
    ("generated", "Secret Generated"),
    ("rotated", "Secret Rotated"),
    ("revoked", "Secret Revoked"),
    ("overrode", "Override"),
    ("retried", "Retried"),
    ("replayed", "Replayed"),
    ("cancelled", "Cancelled"),
    ("skipped", "Skipped"),
    ("closed", "Closed"),
    ("exported", "Exported"),
    ("stopped", "Emergency Stop"),
    ("resumed", "Stop Lifted"),
    ("adopted", "Database Adopted"),
    ("epoch", "New Epoch Started"),
    ("decided", "Identity Decided"),
    ("undone", "Decision Undone"),
    ("linked", "Identifier Linked"),
    ("merged", "Identities Merged"),
    ("unmerged", "Merge Undone"),
]

# Advisory lock: one materializer at a time, so that numbers follow the commits.
MATERIALIZE_LOCK = 7234001

CODE_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,62}$"
