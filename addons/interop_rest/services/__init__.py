"""What a client can ask for over HTTP: one file per service.

Each service is a function of an environment and a ``call.Call``; it answers a
``call.Answer`` or raises a refusal.
"""
