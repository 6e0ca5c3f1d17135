"""Who wrote what where: contacts, threads, conversations, and their timeline.

The rules that the pipeline and people's actions share. Everything here runs inside the caller's
transaction.
"""
