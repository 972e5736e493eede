{
    "name": "Bench Yardstick",
    "summary": "What most integrations do, to compare with; used by setup/bench only",
    "version": "19.0.1.0.0",
    "author": "Interop contributors",
    "website": "https://github.com/interop/interop",
    "license": "LGPL-3",
    "category": "Hidden",
    "depends": ["queue_job"],
    "external_dependencies": {"python": ["requests"]},
    "data": ["security/ir.model.access.csv"],
    "installable": True,
}
