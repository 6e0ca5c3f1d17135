"""The fixtures that pytest finds in every environment where Earful is installed."""
