"""The marking room: answers that people grade, question by question, with a rubric, like answers together."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tells Jupyter Server which module to load."""
    return [{"module": "autograder.mark.server"}]
