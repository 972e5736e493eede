{
    "name": "Healthcare Integration",
    "summary": "Governed exchange with clinical and administrative systems: catalogue, "
    "message log, secrets, audit and delivery engine",
    "version": "19.0.1.0.0",
    "category": "Healthcare Integration",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "website": "https://github.com/interop/interop",
    "depends": ["base_setup", "mail", "queue_job"],
    "external_dependencies": {"python": ["cryptography", "jsonschema"]},
    "data": [
        "security/interop_base_groups.xml",
        "security/ir.model.access.csv",
        "security/interop_base_rules.xml",
        "data/res_users.xml",
        "data/interop_retry_policy.xml",
        "data/queue_job.xml",
        "data/ir_cron.xml",
        "wizard/interop_stop_wizard_views.xml",
    ],
    "assets": {
        "web.assets_backend": ["interop_base/static/src/**/*"],
        "web.assets_tests": ["interop_base/static/tests/tours/**/*"],
    },
    "post_init_hook": "post_init_hook",
    "application": True,
}
