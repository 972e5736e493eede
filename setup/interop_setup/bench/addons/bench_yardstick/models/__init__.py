from . import bench_row
from . import bench_yardstick
