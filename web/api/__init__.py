"""The HTTP API under `/v1`: thin handlers that read a request, hand it to the application, and write its answer."""
