{
    "name": "Interop: Charges",
    "summary": "Turn charges of clinical systems into lines of draft invoices",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop_care", "interop_account"],
    "data": [
        "security/ir.model.access.csv",
        "security/interop_account_charge_rules.xml",
        "data/interop_contract_charge_data.xml",
        "views/account_move_views.xml",
    ],
}
