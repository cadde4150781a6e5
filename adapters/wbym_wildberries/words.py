"""What Wildberries says in its errors, whatever its shape, as one line."""

__all__ = ["words"]


def words(value: object) -> str:
    """The words of a text, a list or an object; empty where it says nothing."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(filter(None, map(words, value)))
    if isinstance(value, dict):
        said = ((key, words(inner)) for key, inner in value.items())
        return "; ".join(f"{key}: {text}" for key, text in said if text)
    if isinstance(value, bool) or value is None:
        return ""
    return str(value)
