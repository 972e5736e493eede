from . import bench_yardstick
