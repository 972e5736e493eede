{
    "name": "Interop: A Transport of a Test",
    "summary": "Messages out and in over a wire in memory; for the suite's developers only",
    "version": "19.0.1.3.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "Interop contributors",
    "depends": ["interop_base"],
}
