"""The inbox: the list, the conversation, the composer, and what keeps them up to date."""
