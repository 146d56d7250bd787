"""The Python client: what citizens, professionals, agencies and auditors do on their own machine.

Here is where keys are made and contents are opened; nothing of it is ever asked of the service.
"""
