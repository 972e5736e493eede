{
    "name": "Interop: Systems of Record",
    "summary": "Systems of record for fields, origin of each value, and "
    "protection of fields",
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
