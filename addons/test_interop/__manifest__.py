{
    "name": "Interop: Tests Across Addons",
    "summary": "Flows through all addons of the suite. For developers only",
    "version": "19.0.1.3.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop", "interop_rest_vendor", "base_automation"],
    "external_dependencies": {"python": ["standardwebhooks"]},
    "assets": {
        "web.assets_tests": ["test_interop/static/tests/tours/**/*"],
    },
}
