from . import test_access
from . import test_governed
from . import test_governed_concurrency
from . import test_governed_edit
from . import test_governed_loops
from . import test_ownership_matrix
from . import test_ownership_tours
