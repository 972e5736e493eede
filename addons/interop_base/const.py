"""Selections and constants shared by the suite.

Names are the field's own: FHIR, HL7, Standard Webhooks, SRE. The directions ``query``
and ``pull`` are reserved for synchronous look-ups and polled sources; no code offers
them yet.
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
    ("none", "No personal data"),
    ("personal", "Personal"),
    ("patient_adjacent", "Patient-adjacent"),
]
# Content of these classes is encrypted at rest and searched through blind indexes only.
PROTECTED_CLASSES = ("personal", "patient_adjacent")

LATENCY_TIERS = [
    ("real_time", "Real time"),
    ("near_real_time", "Near real time"),
    ("batch", "Batch"),
]

CONTRACT_STATES = [
    ("draft", "Draft"),
    ("published", "Published"),
    ("deprecated", "Deprecated"),
    ("retired", "Retired"),
]
# A message may be exchanged under a contract in one of these states.
USABLE_CONTRACT_STATES = ("published", "deprecated")

INTERFACE_STATES = [
    ("draft", "Draft"),
    ("approved", "Approved"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("deprecated", "Deprecated"),
    ("retired", "Retired"),
]
# Events are captured for an interface in these states. A suspended one captures without
# moving anything: what is published meanwhile waits and goes out when it resumes.
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
    ("processing", "In progress"),
    ("done", "Done"),
    ("dead", "Failed"),
    ("parked", "Needs a decision"),
    ("skipped", "Skipped"),
    ("cancelled", "Cancelled"),
]
# Prefix of the lane of what was delivered in its turn and refused afterwards: it stands
# in no order any more, until somebody sends it again.
LEFT_LANE = "left:"

# These wait for the engine or for a person: retention never touches them.
OPEN_STATES = ("pending", "processing", "dead", "parked")
FAILED_STATES = ("dead", "parked")

ENDPOINT_STATES = [
    ("active", "Active"),
    ("paused", "Paused"),
    ("suspended", "Suspended"),
    ("disabled", "Disabled"),
]
ORDERINGS = [
    ("none", "None: as fast as possible"),
    ("key", "Per record: one after the other for each ordering key"),
    ("strict", "Strict: one after the other"),
]
MAX_CONCURRENCY = 64
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

# System parameters, with what holds when they are not set.
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
    ("retry", "Failed, will be retried"),
    ("dead", "Failed for good"),
    ("parked", "Needs a decision"),
    ("deferred", "Deferred"),
]

SECRET_KINDS = [
    ("hmac", "HMAC-SHA256 key (v1)"),
    ("ed25519_private", "Ed25519 private key (v1a)"),
    ("ed25519_public", "Ed25519 public key (v1a)"),
    ("token_hash", "Token hash"),
    ("credential", "Credential"),
]

AUDIT_ACTIONS = [
    ("viewed", "Viewed"),
    ("revealed", "Payload revealed"),
    ("refused", "Access refused"),
    ("requested", "Approval requested"),
    ("approved", "Approved"),
    ("refused", "Approval refused"),
    ("reopened", "Approval reopened"),
    ("restored", "Approved state restored"),
    ("transition", "Lifecycle changed"),
    ("changed", "Changed while in use"),
    ("generated", "Secret generated"),
    ("rotated", "Secret rotated"),
    ("revoked", "Secret revoked"),
    ("overrode", "Override"),
    ("retried", "Retried"),
    ("replayed", "Replayed"),
    ("cancelled", "Cancelled"),
    ("skipped", "Skipped"),
    ("closed", "Closed"),
    ("exported", "Exported"),
    ("stopped", "Emergency stop"),
    ("resumed", "Stop lifted"),
    ("adopted", "Database adopted"),
    ("epoch", "New epoch started"),
    ("decided", "Identity decided"),
    ("undone", "Decision taken back"),
    ("linked", "Identifier linked"),
    ("merged", "Identities merged"),
    ("unmerged", "Merge undone"),
]

# Advisory lock: one materializer at a time, so that numbers follow commits.
MATERIALIZE_LOCK = 7234001

CODE_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,62}$"
