{
    "name": "Interop: Inbound REST",
    "summary": "Receive signed messages over HTTPS and apply each message once",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop_identifier"],
    "external_dependencies": {
        "python": ["cryptography", "http-message-signatures", "http-sf"]
    },
    "data": [
        "security/ir.model.access.csv",
        "data/interop_contract_data.xml",
        "wizard/interop_client_docs_wizard_views.xml",
        "wizard/interop_client_key_wizard_views.xml",
        "views/interop_client_views.xml",
        "views/interop_interface_views.xml",
        "views/interop_message_views.xml",
        "views/res_config_settings_views.xml",
        "views/interop_rest_menus.xml",
    ],
}
