"""Charges leave for an addon of their own; who has them keeps them."""

from odoo.addons.interop_base import upgrade

CHARGES = upgrade.Move(
    source="interop_account",
    target="interop_account_charge",
    models=(
        "interop.handler.charge",
        "interop.handler.charge.posted",
        "interop.handler.charge.reversed",
    ),
    fields=(
        "account.move.interop_charge",
        "account.move.interop_charge_key",
        "account.move.line.interop_service_date",
        "account.move.line.interop_provider_id",
        "account.move.line.interop_reversal_line_id",
    ),
    constraints=(
        "account_move_interop_charge_key_uniq",
        "account_move_interop_charge_idx",
    ),
    records=(
        "access_account_move_client",
        "access_account_move_line_client",
        "access_product_product_client",
        "access_product_template_client",
        "access_uom_uom_client",
        "access_res_currency_client",
        "access_account_analytic_account_client",
        "account_move_rule_client",
        "account_move_line_rule_client",
        "account_move_view_search",
        "interop_contract_charge_posted",
        "interop_contract_charge_posted_example",
        "interop_contract_charge_posted_example_minimal",
        "interop_contract_charge_reversed",
        "interop_contract_charge_reversed_example",
        "interop_contract_field_charge_account",
        "interop_contract_field_charge_code",
        "interop_contract_field_charge_number",
        "interop_contract_field_reversed_number",
    ),
)


def migrate(cr, version):
    """Here, and not in ``interop_account``: what is to be done with an addon is decided
    before the first of those that depend on new ones is loaded."""
    if not version:
        return
    cr.execute(
        "SELECT FROM ir_module_module WHERE name = 'interop_account'"
        " AND state IN ('installed', 'to upgrade')"
    )
    if cr.rowcount:
        upgrade.move(cr, CHARGES)
        upgrade.take_over(cr, version, "interop_account_charge")
        upgrade.install(cr, "interop_account_care")
