"""Selections of the identifier addon, named as in HL7 v2 table 0203 and FHIR."""

# HL7 v2 table 0203, limited to the types that administrative messages use. "XX" is the
# code of that table for organization identifiers.
IDENTIFIER_TYPES = [
    ("AN", "AN – Account number"),
    ("DL", "DL – Driver's license"),
    ("DN", "DN – Doctor number"),
    ("EI", "EI – Employee number"),
    ("FI", "FI – Facility"),
    ("LN", "LN – License number"),
    ("MC", "MC – Medicare number"),
    ("MD", "MD – Medical license"),
    ("MR", "MR – Medical record number"),
    ("NH", "NH – National health plan identifier"),
    ("NI", "NI – National unique individual identifier"),
    ("NII", "NII – National insurance organization"),
    ("NPI", "NPI – National provider identifier"),
    ("PI", "PI – Patient internal identifier"),
    ("PPN", "PPN – Passport number"),
    ("PRN", "PRN – Provider number"),
    ("RI", "RI – Resource identifier"),
    ("SS", "SS – Social security number"),
    ("TAX", "TAX – Tax identifier"),
    ("U", "U – Unspecified"),
    ("UPIN", "UPIN – Medicare UPIN"),
    ("VN", "VN – Visit number"),
    ("XX", "XX – Organization identifier"),
]

CASE_RULES = [
    ("keep", "As written"),
    ("upper", "Upper case"),
    ("lower", "Lower case"),
]

SEPARATOR_RULES = [
    ("keep", "Keep"),
    ("spaces", "Ignore spaces"),
    ("punctuation", "Ignore spaces, hyphens, dots and slashes"),
]

VALIDATORS = [
    ("none", "None"),
    ("npi", "US NPI (Luhn over 80840)"),
    ("luhn", "Luhn, HL7 M10"),
    ("mod11", "HL7 M11"),
    ("mod97", "ISO 7064 mod 97-10"),
    ("regex", "Regular expression"),
    ("standard", "National standard number"),
]

VALIDATION_LEVELS = [
    ("off", "Off"),
    ("warn", "Warn"),
    ("block", "Block"),
]

IDENTIFIER_STATES = [
    ("active", "Active"),
    ("retired", "Retired"),
    ("merged", "Merged"),
    ("held", "Held"),
    ("entered_in_error", "Entered in error"),
]
# A look-up returns the record of an identifier in one of these states. A merged
# identifier points at the survivor, so the prior number still finds the person.
LOOKUP_STATES = ("active", "merged")

# Two records have this number, or the value is a placeholder. Messages that name it
# wait for a steward.
HELD = "held"
# The states that the identifiers of a message are compared with.
RESOLVED_STATES = (*LOOKUP_STATES, "retired", HELD)

PLACEHOLDER_POLICIES = [
    ("refuse", "Refuse"),
    ("hold", "Hold for a steward"),
    ("accept", "Accept"),
]

REUSE_POLICIES = [
    ("never", "Never"),
    ("retired", "After retirement"),
    ("days", "Days after retirement"),
]

# Kinds of records that other systems number. Their apps may or may not be installed.
USUAL_KINDS = ("hr.employee", "product.product", "stock.location", "stock.warehouse")
# Kinds whose identifiers are also shown on the form of another model, with that model
# and its field with the records.
SHOWN_WITH = {"product.product": ("product.template", "product_variant_ids")}

ON_DELETE = [
    ("restrict", "Refuse to delete it"),
    ("cascade", "Delete its identifiers too"),
]

MERGE_STATES = [
    ("merged", "In force"),
    ("undone", "Undone"),
]

# FHIR value set "identifier-use".
IDENTIFIER_USES = [
    ("usual", "Usual"),
    ("official", "Official"),
    ("temp", "Temporary"),
    ("secondary", "Secondary"),
    ("old", "Old"),
]

MAX_VALUE_LENGTH = 255
# A namespace with at most this many identifiers gets other spelling rules in the
# request of the user. More identifiers would take too long.
MAX_RESPELLED = 50000

# --- the steward's queue ---
CASE_KINDS = [
    ("duplicate", "Possible duplicate"),
    ("conflict", "Conflict"),
    ("merge", "Contradicting merge"),
    ("namespace", "Unknown assigning authority"),
    ("identifier", "Unknown identifier"),
    ("placeholder", "Placeholder instead of a number"),
]

# The message's side stays visible to a steward for this long after the request.
SHOWN_MINUTES = 15
# Decisions about the identity of a person. The steward has to see the message's side
# first.
LOOK_FIRST = ("same", "different", "create")

CASE_STATES = [
    ("open", "Open"),
    ("decided", "Decided"),
    ("undone", "Undone"),
]

CASE_DECISIONS = [
    ("same", "Same"),
    ("different", "Not the same"),
    ("create", "New record"),
    ("namespace", "Namespace assigned"),
    ("rejected", "Rejected"),
    ("retried", "Corrected elsewhere"),
    ("settled", "Closed automatically"),
]
# These decisions state facts about identities and apply to every later message.
REMEMBERED = ("same", "different", "create")

UNKNOWN_POLICIES = [
    ("create", "Create a new record"),
    ("park", "Ask a steward"),
]

# Models of the log and technical models of Odoo. They do not show how much depends on a
# record.
NOT_COUNTED = (
    "interop.",
    "mail.",
    "bus.",
    "ir.",
    "base.",
    "res.partner.category",
    "queue.",
    "sms.",
    "digest.",
    "discuss.",
    "auth_totp.",
)
# Dependents are counted up to this limit. Beyond it, "more than" supports the same
# decision.
COUNT_LIMIT = 1000
# Columns without an index are counted only in tables with at most this many rows.
SMALL_TABLE = 20000
