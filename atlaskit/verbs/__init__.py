"""Whole commands as library functions: each reads, calls the floors below and writes its results."""
