from . import test_dealings
