"""Selections of the identifier addon, in the words of HL7 v2 table 0203 and of FHIR."""

# HL7 v2 table 0203: the types that administration meets. "XX" is the table's own
# "other".
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
# A look-up answers with the record of an identifier in one of these states. A merged
# one points at the survivor, so that the prior number keeps finding the person.
LOOKUP_STATES = ("active", "merged")

# Two records have this number, or it is none: what names it waits for a steward.
HELD = "held"
# What the identifiers of a message are compared with.
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

# Kinds of records that other systems have numbers for, of apps of Odoo that may or may
# not be there.
USUAL_KINDS = ("hr.employee", "product.product", "stock.location", "stock.warehouse")
# Kinds whose identifiers are shown on the form of something else, too: its model and
# the field with the records.
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
# Up to so many identifiers, a namespace gets other spelling rules at once; more take too
# long while somebody waits.
MAX_RESPELLED = 50000

# --- the steward's queue ---
CASE_KINDS = [
    ("duplicate", "Possible duplicate"),
    ("conflict", "Conflict"),
    ("merge", "Merge to decide"),
    ("namespace", "Unknown assigning authority"),
    ("identifier", "Unknown identifier"),
    ("placeholder", "Placeholder instead of a number"),
]

# What waiting messages say is shown to a steward for so long after asking for it.
SHOWN_MINUTES = 15
# Decisions about who somebody is: not before the message's side was seen.
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
    ("settled", "Settled otherwise"),
]
# These are facts about identities: they count for every later message.
REMEMBERED = ("same", "different", "create")

UNKNOWN_POLICIES = [
    ("create", "Create a new record"),
    ("park", "Ask a steward"),
]

# Models of the log and of Odoo's own plumbing: they say nothing about how much hangs on
# a record.
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
# Dependents are counted up to here: beyond, "many" decides the same.
COUNT_LIMIT = 1000
# Columns without an index are counted only in tables of up to so many rows.
SMALL_TABLE = 20000
