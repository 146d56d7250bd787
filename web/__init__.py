"""The edge: settings, composition root, sign-in, HTTP interface, pages and the command line."""
