"""Update the notes of shipped signature schemes that nobody changed."""

from odoo import SUPERUSER_ID, api

BODY_ONLY = (
    "Body only, no time: the same body again is the same event.",
    (
        "The signature covers the body and no time. A webhook with the same body "
        "counts as the same event."
    ),
)
# External id without its prefix -> note of 19.0.1.2.0, note of a new database.
NOTES = {
    "github": BODY_ONLY,
    "shopify": BODY_ONLY,
    "hubspot": (
        (
            "Version 3, with the secret of the app. The body is a list of events: "
            "kind at /subscriptionType, id at /eventId, time at /occurredAt."
        ),
        (
            "Version 3, with the secret of the app. The body is a list of events: "
            "event type at /subscriptionType, id at /eventId, time at /occurredAt."
        ),
    ),
    "slack": (
        (
            "The signing secret of the app, as it is shown. Events come as JSON; "
            "duplicate the scheme and choose a form as the body for commands."
        ),
        (
            "The signing secret of the app. Events are JSON. For commands, "
            "duplicate the scheme and choose Form as the body."
        ),
    ),
    "sendgrid": (
        (
            "The verification key of the signed event webhook, as it is shown. The "
            "body is a list of events: kind at /event, id at /sg_event_id, time at "
            "/timestamp."
        ),
        (
            "The verification key of the signed event webhook. The body is a list "
            "of events: event type at /event, id at /sg_event_id, time at "
            "/timestamp."
        ),
    ),
    "standard": (
        ("For senders that follow standardwebhooks.com, but send bodies of their own."),
        (
            "For senders that follow standardwebhooks.com and send bodies in "
            "another format."
        ),
    ),
    "stripe": (
        "The secret of the endpoint, with the whsec_ before it.",
        "The secret of the endpoint, including the prefix whsec_.",
    ),
    "zoom": (
        "The secret token of the app. Kind at /event, time at /event_ts.",
        "The secret token of the app. Event type at /event, time at /event_ts.",
    ),
}


def migrate(cr, _version):
    """Set the new notes, which the data file does not update."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    if "interop.signature.scheme" not in env:
        return
    for name, (old, new) in NOTES.items():
        scheme = env.ref(f"interop_rest_vendor.interop_signature_scheme_{name}", False)
        if scheme and (scheme.note or "").strip() == old:
            scheme.note = new
