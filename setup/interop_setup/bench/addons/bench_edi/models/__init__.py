from . import bench_edi_handler
