"""Models, fields and records that leave ``interop_base``, or come to it."""

from odoo.addons.interop_base import upgrade

MAPPING = upgrade.Move(
    source="interop_base",
    target="interop_mapping",
    models=(
        "interop.mapping",
        "interop.mapping.line",
        "interop.value.map",
        "interop.value.map.line",
        "interop.mapping.model",
        "interop.mapping.dry.run",
        "interop.message.preview",
        "interop.handler.mapping",
    ),
    fields=(
        "interop.interface.mapping_ids",
        "interop.contract.mapping_ids",
    ),
    records=(
        "interop_interface_view_form_mapping",
        "interop_contract_view_form_mapping",
        "interop_base_menu_value_maps",
        "interop_base_menu_mapping_models",
        "interop_mapping_model_country",
        "interop_mapping_model_country_state",
        "interop_mapping_model_currency",
    ),
)
OWNERSHIP = upgrade.Move(
    source="interop_base",
    target="interop_ownership",
    models=(
        "interop.ownership",
        "interop.ownership.override",
        "interop.override.wizard",
        "interop.provenance",
        "interop.governed.mixin",
    ),
    records=(
        "interop_ownership_matrix_action",
        "interop_base_menu_ownership",
        "interop_base_menu_ownership_matrix",
        "interop_base_menu_provenance",
    ),
)
MOVES = [MAPPING, OWNERSHIP]
# Addons that take over a part of interop_base: installed wherever it is.
ADDONS = ["interop_mapping", "interop_ownership"]
# All addons of the version before: who has them all has the usual set.
SUITE = [
    "interop_account",
    "interop_care",
    "interop_identifier",
    "interop_rest",
    "interop_webhook",
]


def migrate(cr, version):
    """Before any data file is read: nothing is deleted and made anew."""
    if not version:
        return
    upgrade.move(cr, *MOVES)
    upgrade.install(cr, *ADDONS)
    if upgrade.are_installed(cr, *SUITE):
        upgrade.install(cr, "interop")
    upgrade.upgrade_dependants(cr, "interop_base")
