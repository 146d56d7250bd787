"""Access requests: a professional asks, the owner grants, grants in part or refuses; silence is a refusal."""
