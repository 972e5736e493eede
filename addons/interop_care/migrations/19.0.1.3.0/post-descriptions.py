"""Update the descriptions of installed contracts, unless an administrator changed them."""

from odoo import SUPERUSER_ID, api

# Former description -> current description.
DESCRIPTIONS = {
    (
        "A person who receives care or answers for somebody who does, known at the "
        "facility from now on. Mirrors ADT A04 and A28, FHIR Patient."
    ): (
        "A person who receives care, or answers for a person who does. The "
        "facility of the message knows the person from then on. Mirrors ADT A04 "
        "and A28, FHIR Patient."
    ),
    (
        "Records of the sender that are one person. Mirrors ADT A40, FHIR "
        "Patient.link replaced-by."
    ): (
        "Several records of the sender belong to one person. Mirrors ADT A40, FHIR "
        "Patient.link replaced-by."
    ),
    (
        "A practitioner changed in Odoo: name, contacts, specialties, roles at the "
        "facility. Several changes in one transaction make one message."
    ): (
        "A practitioner was changed in Odoo: name, contacts, specialties, or roles "
        "at the facility. Several changes in one transaction make one message."
    ),
    (
        "A person changed, in Odoo (sent out, one message per transaction) or in "
        "another system (applied here): name, birth date, contacts, address, "
        "language, guarantor, payer, consent to communication. Mirrors ADT A08 and "
        "A31, FHIR Patient."
    ): (
        "A person was changed in Odoo (sent once per transaction) or in another "
        "system (applied in Odoo): name, birth date, contacts, address, language, "
        "guarantor, payer, or consent to communication. Mirrors ADT A08 and A31, "
        "FHIR Patient."
    ),
}


def migrate(cr, version):
    """Write the current descriptions, which an upgrade does not load (``noupdate``)."""
    contracts = api.Environment(cr, SUPERUSER_ID, {})["interop.contract"]
    for former, current in DESCRIPTIONS.items():
        found = contracts.with_context(active_test=False).search(
            [("description", "=", former)]
        )
        found.write({"description": current})
