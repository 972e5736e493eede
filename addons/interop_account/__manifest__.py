{
    "name": "Interop: Invoicing",
    "summary": "Send customer invoices as signed messages",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["account", "interop_identifier"],
    "data": [
        "security/ir.model.access.csv",
        "security/interop_account_rules.xml",
        "data/interop_contract_data.xml",
        "data/interop_contract_end_data.xml",
        "data/interop_contract_invoice_v2_data.xml",
        "views/account_move_views.xml",
    ],
}
