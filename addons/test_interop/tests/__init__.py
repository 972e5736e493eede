from . import test_automation
from . import test_foreign_keys
from . import test_tours
from . import test_no_code
from . import test_no_code_in
from . import test_hostile_text
from . import test_views
from . import test_walk
