"""How the shipped model was made: `python -m training --help` from `plugins/sentiment`.

Nothing here is needed to run Earful. `docs/sentiment-recipe.md` walks through it.
"""
