{
    "name": "Interop: Care Master Data",
    "summary": "Providers, people and locations from clinical systems, without "
    "clinical data",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["contacts", "interop_identifier", "interop_ownership"],
    "data": [
        "security/ir.model.access.csv",
        "security/interop_care_rules.xml",
        "data/interop_contract_data.xml",
        "data/interop_contract_updated_data.xml",
        "data/interop_contract_person_data.xml",
        "wizard/interop_facility_wizard_views.xml",
        "views/interop_facility_membership_views.xml",
        "views/interop_care_role_views.xml",
        "views/interop_care_specialty_views.xml",
        "views/res_partner_views.xml",
        "views/interop_care_menus.xml",
    ],
}
