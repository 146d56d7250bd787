"""Consent: the vocabulary, the facts and the one engine that decides. Pure; the stores are in `tables` and `store`."""
