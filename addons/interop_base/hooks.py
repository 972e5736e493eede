"""Installation hooks."""


def post_init_hook(env):
    """Record the name of the database of this installation (see ``interop.guard``).

    A copy, or a restore under another name, keeps the recorded name. Therefore it
    exchanges no messages until an administrator adopts it.
    """
    env["interop.guard"]._adopt_database()
