"""Looking back: events as owner and auditor may see them, proofs, decisions made again, erasure of payloads."""
