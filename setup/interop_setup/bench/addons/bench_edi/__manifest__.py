{
    "name": "Bench: OCA EDI",
    "summary": "One exchange record of OCA's EDI framework per delivery; setup/bench only",
    "version": "19.0.1.0.0",
    "author": "Interop contributors",
    "website": "https://github.com/interop/interop",
    "license": "LGPL-3",
    "category": "Hidden",
    "depends": ["edi_core_oca"],
    "external_dependencies": {"python": ["requests"]},
    "installable": True,
}
