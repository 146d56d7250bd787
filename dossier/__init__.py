"""The application: it joins consent, audit and crypto over one PostgreSQL database."""
