"""Names that messages use."""

# account.move type -> type of the message
DOCUMENT_TYPES = {
    "out_invoice": "invoice",
    "out_refund": "credit_note",
    "out_receipt": "receipt",
}
