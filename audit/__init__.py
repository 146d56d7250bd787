"""The log: events that cannot be taken back, and proofs of it. Pure but for tables, store, writer and sequencer."""
