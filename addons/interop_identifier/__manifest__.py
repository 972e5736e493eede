{
    "name": "Interop: Identifiers",
    "summary": "Assigning authorities and external identifiers: who is who across "
    "systems",
    "version": "19.0.1.0.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "website": "https://github.com/interop/interop",
    "depends": ["interop_base"],
    "external_dependencies": {"python": ["python-stdnum"]},
    "data": [
        "security/ir.model.access.csv",
        "security/interop_identifier_security.xml",
        "data/interop_namespace_data.xml",
        "views/interop_namespace_views.xml",
        "views/interop_identifier_views.xml",
        "views/interop_identifier_merge_views.xml",
        "wizard/interop_identifier_unmerge_wizard_views.xml",
        "views/interop_mapping_views.xml",
        "views/interop_identifier_menus.xml",
    ],
}
