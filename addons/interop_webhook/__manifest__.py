{
    "name": "Interop: Webhooks",
    "summary": "Signed webhooks out of Odoo: endpoints, delivery, retries, dead "
    "letters",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop_identifier"],
    "external_dependencies": {"python": ["aiohttp", "cryptography", "yarl"]},
    "data": [
        "security/ir.model.access.csv",
        "security/interop_webhook_security.xml",
        "data/interop_contract_data.xml",
        "data/ir_cron.xml",
        "wizard/interop_credential_wizard_views.xml",
        "wizard/interop_network_wizard_views.xml",
        "views/interop_secret_views.xml",
        "views/interop_endpoint_views.xml",
        "views/interop_interface_views.xml",
        "views/interop_message_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "assets": {
        "web.assets_backend": ["interop_webhook/static/src/**/*"],
        "web.assets_tests": ["interop_webhook/static/tests/tours/**/*"],
    },
}
