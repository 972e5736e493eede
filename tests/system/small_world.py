"""The part of the tests of small installs that runs inside Odoo (``inside``)."""

from interop_setup import outbound_flow


def installed(env):
    """Return the names of the installed addons of this project."""
    found = env["ir.module.module"].search(
        [("state", "=", "installed"), ("name", "=like", "%interop%")]
    )
    return sorted(found.mapped("name"))


def set_up_invoicing(env, url):
    """Create a company and a flow of its invoices to ``url``; return the endpoint's secret."""
    env["account.chart.template"].try_loading(
        "generic_coa", company=env.company, install_demo=False
    )
    outbound_flow.prepare(env, lease=30)
    made, secret = outbound_flow.endpoint(env, 1, url)
    admin = env.ref("base.user_admin")
    interface = env["interop.interface"].create(
        {
            "name": "Invoices",
            "code": "invoices",
            "system_id": made.system_id.id,
            "direction": "out",
            "transport": "webhook",
            "endpoint_id": made.id,
            "contract_ids": [
                (6, 0, env["interop.contract"]._find("invoice.posted").ids)
            ],
            "company_ids": [(6, 0, env.company.ids)],
            "owner_id": admin.id,
            "exception_user_id": admin.id,
            "objective_seconds": 60,
            "latency_tier": "near_real_time",
            "data_class": "patient_adjacent",
            "retry_policy_id": outbound_flow.policy(env, "Small", "0s, 1s").id,
        }
    )
    interface.with_user(admin).sudo()._set_approved()
    interface._set_active()
    return secret


def post_invoice(env):
    """Post an invoice to a customer with a number; return the number of the invoice."""
    customer = env["res.partner"].create({"name": "Ada"})
    namespace = env["interop.namespace"].create(
        {"name": "Customers", "code": "customers", "uri": "urn:oid:1.2.3"}
    )
    env["interop.identifier"].create(
        {
            "namespace_id": namespace.id,
            "value": "C-1",
            "record_ref": f"res.partner,{customer.id}",
        }
    )
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": customer.id,
            "invoice_date": "2026-03-01",
            "invoice_line_ids": [
                (0, 0, {"name": "Consulting room", "quantity": 1, "price_unit": 10})
            ],
        }
    )
    invoice.action_post()
    return invoice.name
