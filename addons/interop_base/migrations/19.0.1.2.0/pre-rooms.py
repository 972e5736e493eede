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
CLIENT_OVER_HTTP = (
    *("accepts_signature", "accepts_token", "accepts_http_signature"),
    *("requires_idempotency_key", "may_read_status", "may_read_identifiers"),
    *("may_read_events", "may_reconcile", "may_link", "namespace_ids"),
)
CLIENT_OF_VENDOR = (
    *("accepts_vendor", "webhook_url", "signature_scheme_id", "scheme_is_weak"),
    *("event_type_from", "event_type_name", "event_type_ids", "event_list_path"),
    *("event_id_path", "event_data_path", "event_facility_path", "event_time_path"),
    *("event_time_format", "event_time_zone"),
)
SCHEMES = tuple(
    f"interop_signature_scheme_{name}"
    for name in (
        "github",
        "hubspot",
        "shopify",
        "slack",
        "sendgrid",
        "standard",
        "stripe",
        "zoom",
    )
)
CLIENTS = [
    # Machine identities are ground.
    upgrade.Move(
        source="interop_rest",
        target="interop_base",
        models=("interop.client", "interop.client.nonce", "interop.rate.counter"),
        fields=(
            "interop.interface.client_ids",
            "interop.interface.client_rate_limit",
            "interop.interface.max_body_kb",
            "interop.message.client_id",
            "interop.secret.client_id",
            "interop.secret.last_used_at",
        ),
        constraints=(
            "interop_interface_client_rate_limit_positive",
            "interop_interface_max_body_positive",
            "interop_message_inbound_external_id_uniq",
            "interop_message_inbound_known",
            "interop_message_occurred_idx",
        ),
        records=(
            "access_interop_message_client",
            "access_res_company_client",
            "access_mail_alias_domain_client",
            "interop_message_rule_client",
            "interop_rest_rule_company",
            "interop_rest_menu_clients",
            "interop_rest_group_client",
            "ir_cron_clients",
        ),
    ),
    # How they prove their identity over HTTP stays where it was.
    upgrade.Move(
        source="interop_base",
        target="interop_rest",
        fields=tuple(f"interop.client.{name}" for name in CLIENT_OVER_HTTP),
    ),
    # Third parties that sign in their own ways are an addon of their own.
    upgrade.Move(
        source="interop_base",
        target="interop_rest_vendor",
        fields=tuple(f"interop.client.{name}" for name in CLIENT_OF_VENDOR),
    ),
    upgrade.Move(
        source="interop_rest",
        target="interop_rest_vendor",
        models=(
            "interop.signature.scheme",
            "interop.client.event.type",
            "interop.client.secret.wizard",
            "interop.signature.try.wizard",
        ),
        records=("interop_rest_menu_signature_schemes", *SCHEMES),
    ),
    upgrade.Move(
        source="interop_rest",
        target="interop_identifier",
        records=("access_interop_namespace_client", "access_interop_identifier_client"),
    ),
]
MOVES = [MAPPING, OWNERSHIP, *CLIENTS]
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
