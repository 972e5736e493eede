"""The approved state of an interface."""


def state(interface):
    """Return the state that a steward approves: content, receiver, facilities,
    retention (dict)."""
    system = interface.system_id
    found = {
        "system": system.code,
        "environment": system.environment,
        "data_residency": system.data_residency.code,
        "facility_codes": [
            f"company:{line.company_id.id} = {line.code}"
            for line in system.facility_code_ids
            if line.company_id in interface.company_ids
        ],
        "direction": interface.direction,
        "transport": interface.transport,
        "contracts": interface.contract_ids.mapped("display_name"),
        "facilities": [f"company:{company.id}" for company in interface.company_ids],
        "data_class": interface.data_class,
        "filter_domain": interface.filter_domain,
        "send_back": interface.send_back,
        "payload_retention_days": interface.payload_retention_days,
        "message_retention_days": interface.message_retention_days,
    }
    if interface._uses_endpoint() and interface.endpoint_id:
        found.update(interface.endpoint_id._approval_state())
    return found


def contracts(interface):
    """Return the contracts in the last approved state."""
    names = (interface.approved_state or {}).get("contracts", [])
    found = interface.env["interop.contract"]
    for name in names:
        message_type, _space, version = name.rpartition(" v")
        found |= found.search(
            [("message_type", "=", message_type), ("version", "=", int(version))]
        )
    return found
