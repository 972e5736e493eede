"""Second step: find the contract, the interface and the facility of a message.

``interop.client._scope`` caches the interfaces of a client with their contracts and
facilities. One statement per message reads whether an interface is active.
"""

from typing import NamedTuple

from .. import const
from ..exceptions import Refused

# The rules of ``interop.interface._moves``, for all interfaces and one facility in one
# statement: the ORM would need as long as the rest of the request.
_AT_WORK = """
    SELECT interface.id,
           interface.active AND interface.state = 'active',
           NOT COALESCE(interface.approval_changed, false)
           AND interface.interop_stopped_at IS NULL
           AND system.interop_stopped_at IS NULL
           AND system.environment = %s
           AND company.interop_stopped_at IS NULL,
           company.active
      FROM interop_interface AS interface
      JOIN interop_system AS system ON system.id = interface.system_id
      JOIN res_company AS company ON company.id = %s
     WHERE interface.id = ANY(%s)"""


class Route(NamedTuple):
    """The contract, interface and facility of a message as superuser records, and the
    cached facts of the interface (``Flow``)."""

    contract: object
    interface: object
    company: object
    flow: object


def find(client_sudo, envelope):
    """Find the contract, the interface and the facility, and check the client's scopes.

    Return the ``Route`` of the envelope.

    :raises Refused: no usable contract, no allowed interface or facility, or the
        interface is not active or is paused
    """
    scope = client_sudo._scope()
    kind = (envelope.type, envelope.schema_version)
    flows = [flow for flow in scope.flows if kind in flow.contracts]
    contract = client_sudo.env["interop.contract"].browse(
        flows[0].contracts[kind] if flows else ()
    )
    contract.fetch(["state", "schema", "message_type", "version"])
    if not contract or contract.state not in const.USABLE_CONTRACT_STATES:
        check_contract(client_sudo, envelope)
    flows = [flow for flow in flows if flow.inbound]
    if not flows:
        raise Refused("interface_not_allowed", client=client_sudo.code)
    company_id = facility(client_sudo, flows, envelope.facility)
    flows = [flow for flow in flows if company_id in flow.company_ids]
    if not flows:
        raise Refused("facility_not_allowed", client=client_sudo.code)
    flow = _at_work(client_sudo, flows, company_id)
    env = client_sudo.env
    return Route(
        contract,
        env["interop.interface"].browse(flow.interface_id),
        env["res.company"].browse(company_id),
        flow,
    )


def _at_work(client_sudo, flows, company_id):
    """Return the first of ``flows`` whose interface may move messages of the facility.

    :raises Refused: the facility is archived, no interface is active, or all active ones
        are paused
    """
    env = client_sudo.env
    ids = [flow.interface_id for flow in flows]
    env.flush_all()  # the statement has to see changes of this transaction
    env.cr.execute(_AT_WORK, [env["interop.guard"]._environment(), company_id, ids])
    rows = env.cr.fetchall()
    if not all(facility_active for *_row, facility_active in rows):
        raise Refused("facility_not_allowed", client=client_sudo.code)
    found = {row_id: (active, moves) for row_id, active, moves, _facility in rows}
    active = [flow for flow in flows if found.get(flow.interface_id, (False,))[0]]
    if not active:
        raise Refused("interface_not_active", client=client_sudo.code)
    moving = [flow for flow in active if found[flow.interface_id][1]]
    if not moving:
        raise Refused("paused", client=client_sudo.code)
    return moving[0]


def check_contract(client_sudo, envelope):
    """Refuse an envelope whose contract is unknown or retired. The refusal of a retired
    contract names its successor."""
    contracts = client_sudo.env["interop.contract"]
    if contracts._find(envelope.type, envelope.schema_version):
        return
    retired = contracts.with_context(active_test=False).search(
        [
            ("message_type", "=", envelope.type),
            ("version", "=", envelope.schema_version),
            ("state", "=", "retired"),
        ],
        limit=1,
    )
    if not retired:
        raise Refused("unknown_contract", client=client_sudo.code)
    successor = retired._successor(
        client_sudo.interface_ids.filtered(lambda item: item.direction == "in")
    )
    raise Refused(
        "contract_retired",
        client=client_sudo.code,
        detail=f"Use schema_version {successor.version}." if successor else "",
    )


def facility(client_sudo, flows, code):
    """Return the id of the company that the sender calls ``code``.

    Without a code, return the only facility of the interfaces.

    :raises Refused: the code is unknown, or it is missing and there are several
        facilities
    """
    if code:
        company_id = client_sudo._scope().facilities.get(code)
        if not company_id:
            raise Refused("unknown_facility", client=client_sudo.code)
        return company_id
    company_ids = {company_id for flow in flows for company_id in flow.company_ids}
    if len(company_ids) != 1:
        raise Refused("facility_required", client=client_sudo.code)
    return company_ids.pop()


def limit(client_sudo, route, delivery):
    """Refuse a message that is too large or exceeds the rate of its interface.

    :raises Refused: ``too_large`` or ``rate_limited``
    """
    flow = route.flow
    if flow.max_body_kb and len(delivery.body) > 1024 * flow.max_body_kb:
        raise Refused("too_large", reason="interface", client=client_sudo.code)
    if flow.rate_limit:
        client_sudo._count_call(
            "interface", flow.rate_limit, delivery.rates, route.interface
        )


def validate(contract, data):
    """Refuse data that does not match its contract, with all violations.

    :raises Refused: ``schema_violation``
    """
    violations = contract._inbound_violations(data)
    if violations:
        raise Refused(
            "schema_violation",
            reason=contract.display_name,
            contract=contract,
            errors=[
                {
                    "pointer": f"/data{violation.pointer}",
                    "detail": violation.message,
                    "code": violation.keyword,
                }
                for violation in violations
            ],
        )
