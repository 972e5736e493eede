"""Sets up, runs and tests the interop addon suite; standard library only.

It runs on a bare ``python3`` (3.11 or newer) before anything is installed, so no
module in here may import a third-party package or Odoo.
"""
