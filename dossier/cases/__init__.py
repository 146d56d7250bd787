"""Cases: the work around one question of one or more owners, who takes part, and who holds the reins."""
