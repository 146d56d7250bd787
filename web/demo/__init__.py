"""The demonstration: a sample world brought to a running service by its own people, over HTTP, and the story it plays."""
