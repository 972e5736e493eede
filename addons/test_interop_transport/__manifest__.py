{
    "name": "Interop: Test Transport",
    "summary": "Messages over an in-memory transport. For developers only",
    "version": "19.0.1.3.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop_base"],
}
