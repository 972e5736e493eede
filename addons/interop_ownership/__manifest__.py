{
    "name": "Interop: Systems of Record",
    "summary": "Which system decides about which field, who set each value, and what "
    "others may change",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop_mapping"],
    "data": [
        "security/ir.model.access.csv",
        "security/interop_ownership_rules.xml",
        "wizard/interop_override_wizard_views.xml",
        "views/interop_ownership_views.xml",
        "views/interop_provenance_views.xml",
        "views/interop_ownership_menus.xml",
    ],
    "assets": {
        "web.assets_backend": ["interop_ownership/static/src/**/*"],
        "web.assets_tests": ["interop_ownership/static/tests/tours/**/*"],
    },
}
