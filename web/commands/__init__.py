"""The sub-commands of `dossier`, one module each; `web.cli` holds the table."""
