{
    "name": "Healthcare Integration",
    "summary": "Governed exchange of messages with clinical and administrative systems",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": [
        "interop_account",
        "interop_account_charge",
        "interop_care",
        "interop_ownership",
        "interop_rest",
        "interop_rest_vendor",
        "interop_webhook",
    ],
    "application": True,
}
