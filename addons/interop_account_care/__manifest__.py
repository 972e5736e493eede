{
    "name": "Interop: Invoicing and Care Master Data",
    "summary": "People in care stay visible to the facilities that invoiced them",
    "version": "19.0.1.3.0",
    "category": "Healthcare/Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop_account", "interop_care"],
    "auto_install": True,
}
