"""The REST operations: one file per service.

A service is a function of an environment and a ``call.Call``. It returns a
``call.Answer`` or raises a refusal.
"""
