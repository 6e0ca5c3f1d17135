"""The steps of a message's way. Each reads rows, writes its own, and knows no other step.

Every step takes ids, moves only rows that are still in its stage, and so can run twice.
"""
