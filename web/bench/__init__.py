"""Measuring: what the service does, each figure against a floor that runs in the same rounds.

Machines are noisy and differ; ratios within one run say more than absolute figures. Nothing here is a test.
"""
