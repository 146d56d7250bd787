from __future__ import annotations

import inspect

from audit import errors


def test_one_base_and_at_most_six_leaves():
    """AuditError catches all of this package; it has at most six leaves, and the writer's own branch as many."""
    classes = [value for _, value in inspect.getmembers(errors, inspect.isclass) if value.__module__ == errors.__name__]
    assert all(issubclass(found, errors.AuditError) for found in classes)
    for base in (errors.AuditError, errors.WriteError):
        leaves = [found for found in classes if found.__bases__ == (base,) and found is not errors.WriteError]
        assert 0 < len(leaves) <= 6
