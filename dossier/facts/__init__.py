"""What streams say: their fact records folded into frozen values, one kind of value per kind of stream.

Pure: a value depends on the records alone, so it may be cached by the position of its stream, and compiled again for a
past position when a decision is replayed.
"""
