{
    "name": "Interop: Mappings",
    "summary": "Messages without program code: map paths to fields and codes to values, "
    "in both directions",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop_base"],
    "data": [
        "security/ir.model.access.csv",
        "security/interop_mapping_rules.xml",
        "data/interop_mapping_model_data.xml",
        "wizard/interop_message_preview_views.xml",
        "wizard/interop_mapping_dry_run_views.xml",
        "views/interop_mapping_views.xml",
        "views/interop_value_map_views.xml",
        "views/interop_mapping_model_views.xml",
        "views/interop_interface_views.xml",
        "views/interop_contract_views.xml",
        "views/interop_mapping_menus.xml",
    ],
    "assets": {
        "web.assets_backend": ["interop_mapping/static/src/**/*"],
    },
}
